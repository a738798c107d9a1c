// The Brand Kit in emails: the default one of the organisation, as it was when it was accepted.
#include "core/brand/brand_kits.hpp"

#include <catch2/catch.hpp>

#include "core/delivery/composer.hpp"
#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using describe::Json;
using test::Deliveries;
using test::must;

namespace {

class Branded : public Deliveries {
 public:
  Branded() {
    Json definition = Json::parse(R"({"subject": "From ${/brand/name}",
        "body": {"root": "t", "elements": {"t": {"type": "Text", "props": {
            "text": {"$template": "Yours, ${/brand/name}."}}}}}})");
    branded_ = add_template("branded", definition, receipts.id);
  }
  void add_kit(const Uuid& organization_id, const std::string& brand, bool is_default) {
    change(
        "INSERT INTO brand_kits (id, organization_id, name, is_default, brand, created_at, "
        "updated_at) VALUES ($1, $2, 'Kit', $3, $4, 0, 0)",
        {ids.next(), organization_id, is_default, brand});
  }
  Uuid accept() {
    SendRequest wanted = request(ids.next().to_string());
    wanted.template_ref = branded_.id;
    return sent(std::move(wanted)).id;
  }
  // The message of the one send that waits.
  std::string composed(const Lease& lease) {
    Composer composer(*database, templates);
    return *must(composer.compose(claim(lease).deliveries.at(0))).content;
  }
  std::map<Uuid, std::string> brands_of(const std::set<Uuid>& organization_ids) {
    return write([&](Transaction& tx) { return default_brands(tx, organization_ids); });
  }

 private:
  Template branded_;
};

}  // namespace

TEST_CASE("brand: an email has the default kit's values") {
  Branded shop;
  shop.add_kit(shop.organization.id, R"({"name": "Other"})", false);
  shop.add_kit(shop.organization.id, R"({"name": "Acme"})", true);
  const Lease lease = shop.join();
  const Uuid send = shop.accept();
  CHECK(shop.stored(send).subject == "From Acme");
  CHECK(shop.composed(lease).find("Yours, Acme.") != std::string::npos);
}

TEST_CASE("brand: what was accepted stays as it was, whatever becomes of the kit") {
  Branded shop;
  shop.add_kit(shop.organization.id, R"({"name": "Acme"})", true);
  const Lease lease = shop.join();
  shop.accept();
  shop.change("UPDATE brand_kits SET brand = $1", {R"({"name": "Renamed"})"});
  CHECK(shop.composed(lease).find("Yours, Acme.") != std::string::npos);
}

TEST_CASE("brand: without a kit its values are nothing") {
  Branded shop;
  shop.add_kit(shop.organization.id, R"({"name": "Not the default"})", false);
  const Lease lease = shop.join();
  const Uuid send = shop.accept();
  CHECK(shop.stored(send).subject == "From ");
  CHECK(shop.composed(lease).find("Yours, .") != std::string::npos);
}

TEST_CASE("brand: an organisation has its own kit only") {
  Branded shop;
  const Uuid other =
      shop.write([&](Transaction& tx) { return ensure_organization(tx, shop.ids, "B"); }).id;
  shop.add_kit(other, R"({"name": "Other"})", true);
  CHECK(shop.stored(shop.accept()).subject == "From ");
  CHECK(shop.brands_of({shop.organization.id}).empty());
  shop.add_kit(shop.organization.id, R"({"name": "Acme"})", true);
  CHECK(shop.brands_of({shop.organization.id, other}) ==
        std::map<Uuid, std::string>{{shop.organization.id, R"({"name": "Acme"})"},
                                    {other, R"({"name": "Other"})"}});
}

TEST_CASE("brand: a template that does not read it has none kept with its emails") {
  Branded shop;
  shop.add_kit(shop.organization.id, R"({"name": "Acme"})", true);
  shop.sent(shop.request("plain"));
  CHECK(shop.number("SELECT count(*) FROM email_contents WHERE brand IS NOT NULL") == 0);
  shop.accept();
  CHECK(shop.number("SELECT count(*) FROM email_contents WHERE brand IS NOT NULL") == 1);
}
