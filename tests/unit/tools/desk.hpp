// A shop whose operations are called as every surface calls them: through the dispatcher.
#pragma once

#include <future>
#include <nlohmann/json.hpp>

#include "tests/unit/engine/shop.hpp"
#include "tools/dispatcher.hpp"

namespace segmentflow::test {

inline constexpr std::size_t kPreviewsWaitingMax = 2;

class Desk : public Shop {
 public:
  explicit Desk(std::size_t calls_max = 100) : limits_{calls_max} {
    secret_of_writer = make({"emails:write"});
    secret_of_reader = make({"emails:read"});
  }

  std::string make(const std::vector<std::string>& scopes) {
    return write([&](Transaction& tx) {
      return create_api_key(tx, ids, entropy, organization, "k", scopes, false).secret;
    });
  }

  Result<Answer> call(std::string_view id, const std::string& with, const describe::Json& input) {
    return call_making(id, with, [&]() -> Result<describe::Json> { return input; });
  }
  Result<Answer> call_making(std::string_view id, const std::string& with,
                             Dispatcher::InputMaker make_input) {
    return begin_making(id, with, std::move(make_input)).get();
  }
  // Without waiting for the answer.
  std::future<Result<Answer>> begin(std::string_view id, const std::string& with,
                                    const describe::Json& input) {
    return begin_making(id, with, [input]() -> Result<describe::Json> { return input; });
  }
  std::future<Result<Answer>> begin_making(std::string_view id, const std::string& with,
                                           Dispatcher::InputMaker make_input) {
    auto promise = std::make_shared<std::promise<Result<Answer>>>();
    auto answer = promise->get_future();
    dispatcher.call(*registry.find_by_id(id), with, {"rest", ""}, std::move(make_input),
                    [promise](Result<Answer> given) { promise->set_value(std::move(given)); });
    return answer;
  }
  describe::Json send_input(const char* key) const {
    describe::Json input = {{"idempotencyKey", key}, {"templateKey", "receipt"}};
    input["to"]["email"] = "alex@example.com";
    return input;
  }

  std::string secret_of_writer;
  std::string secret_of_reader;
  RenderGate render_gate;
  RenderWorkers previews{{.waiting_max = kPreviewsWaitingMax}};
  Authenticator authenticator{*database, clock};
  Engine engine{clock,
                ids,
                secret,
                *database,
                *committer,
                readers,
                authenticator,
                acceptor,
                previews,
                render_gate,
                [] { return DeliveryStatus{}; },
                "test"};
  Registry registry;

 private:
  const DispatcherLimits limits_;

 public:
  Dispatcher dispatcher{engine, registry, limits_};
};

inline std::string code(const Result<Answer>& answer) {
  return answer ? "ok" : std::string(kind_of(answer.error().code).pascal_case);
}

}  // namespace segmentflow::test
