#include <fstream>

#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

Json example(const std::string& name) {
  std::ifstream file(std::string(SEGMENTFLOW_SOURCE_DIR) + "/examples/templates/" + name + ".json");
  REQUIRE(file);
  return Json::parse(file);
}

std::string subject_of(const Json& definition, const Json& data) {
  const auto subject = segmentflow::render::render_template_string(
      definition["subject"].get<std::string>(), {&data, nullptr, nullptr});
  REQUIRE(subject);
  return *subject;
}

}  // namespace

TEST_CASE("The receipt example renders with items") {
  const Json definition = example("receipt-default")["definition"];
  CHECK(parsed(definition["body"]).findings.empty());
  const Json data =
      Json::parse(R"({"orderId": "A-1", "orderTotal": "$12.50", "firstName": "Zo\u00EB",
    "receiptUrl": "https://shop.example/r/1", "items": [{"name": "Tea <b>", "quantity": 2,
    "price": "$10.00"}, {"name": "Cup", "price": "$2.50"}]})");
  CHECK(subject_of(definition, data) == "Receipt for order A-1");
  const Rendered result = rendered(definition["body"], {{"data", data}});
  CHECK(result.missing_paths.empty());
  CHECK(result.warnings.empty());
  CHECK_THAT(result.html, Contains("Tea &lt;b&gt;") && Contains("https://shop.example/r/1"));
  CHECK_THAT(result.text, Contains("Hi Zo\u00EB,") && Contains("Quantity: 2") &&
                              Contains("View receipt https://shop.example/r/1"));
}

TEST_CASE("The receipt example leaves out what is not given") {
  const Json definition = example("receipt-default")["definition"];
  const Rendered result = rendered(
      definition["body"], Json::parse(R"({"data": {"orderId": "A-1", "orderTotal": "$12.50"}})"));
  CHECK(result.missing_paths.empty());
  CHECK_THAT(result.text, Contains("Hi,") && Contains("$12.50") && !Contains("View receipt"));
}

TEST_CASE("The password reset example renders") {
  const Json definition = example("password-reset")["definition"];
  CHECK(parsed(definition["body"]).findings.empty());
  const Json data =
      Json::parse(R"({"resetUrl": "https://app.example/reset?t=1&u=2", "expiresInMinutes": 30})");
  CHECK_THAT(subject_of(definition, data), Contains("30 minutes"));
  const Rendered result = rendered(definition["body"], {{"data", data}});
  CHECK_THAT(result.html, Contains("href=\"https://app.example/reset?t=1&amp;u=2\""));
  CHECK_THAT(result.text, Contains("Choose a new password https://app.example/reset?t=1&u=2"));
}
