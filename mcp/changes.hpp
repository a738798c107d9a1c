// What changes on a server while clients watch: told here, passed on to whoever listens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

struct Change {
  enum class Of { Tools, Prompts, Resources, Resource, Task };
  Of of = Of::Resource;
  std::string name;     // the resource's address or the task's id
  std::string members;  // of a task: what it is now, JSON text without the braces
};

// The notification that tells clients of it: its method, and its params without the braces.
std::string_view method_of(const Change& change);
std::string params_of(const Change& change);

// Thread-safe.
class Changes {
 public:
  using Listener = std::function<void(const Change&)>;

  // Listens as long as it lives; the listener may still be running when it ends.
  class Subscription {
   public:
    Subscription(std::weak_ptr<Changes> changes, std::uint64_t number)
        : changes_(std::move(changes)), number_(number) {}
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription();

   private:
    std::weak_ptr<Changes> changes_;
    std::uint64_t number_;
  };

  // `changes` is the hub itself.
  static std::shared_ptr<Subscription> listen(const std::shared_ptr<Changes>& changes,
                                              Listener listener);

  // Says that somebody watches this resource, as long as what is returned lives.
  static std::shared_ptr<void> watch(const std::shared_ptr<Changes>& changes,
                                     const std::string& uri);
  // The resources that are watched, each once: for servers that have to look after them.
  std::vector<std::string> watched() const;

  // Calls the listeners, on this thread, without a lock held.
  void tell(const Change& change) const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::shared_ptr<const Listener>> listeners_;
  std::map<std::string, std::size_t> watched_;  // by how many
};

}  // namespace mcp
