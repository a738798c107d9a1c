// Reads the members of a template definition beside its body, and says what is wrong with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/templates/render/pointer.hpp"
#include "core/templates/render/spec.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {

// Each path is looked for in the data of each send, while others wait for the database.
inline constexpr std::size_t kSensitivePathsMax = 100;

class DefinitionReader {
 public:
  // `definition` is an object. Both must outlive the reader.
  DefinitionReader(const describe::Json& definition, std::vector<render::Finding>& findings)
      : definition_(definition), findings_(findings) {}

  // An absent or null member reads as "", nullopt, {} and no paths; one of another type too, with a
  // finding.
  std::string text(const std::string& name);
  // ... with ${/path} parts: a subject or preheader. More than the budget's line_values_max of them
  // are a finding.
  std::string line(const std::string& name);
  std::optional<Address> address(const std::string& name);
  describe::Json object(const std::string& name);
  // sensitiveTransactionalVariablePaths: each below /data, /profile or /event. More than
  // kSensitivePathsMax are read all the same, with a finding.
  std::vector<render::Pointer> sensitive_paths();

  // Finds members that are none of a definition's.
  void check_names();

 private:
  // The member, or null when it is absent or null.
  const describe::Json* member(const std::string& name) const;
  void add_error(std::string code, std::string path, std::string message);
  // Warns of a path in the member `name` that nothing fills.
  void check_root(const render::Pointer& pointer, const std::string& name);

  const describe::Json& definition_;
  std::vector<render::Finding>& findings_;
};

}  // namespace segmentflow
