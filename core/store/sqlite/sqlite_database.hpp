// The SQLite backend: one file, one writer connection, a pool of readers, a checkpointer.
#pragma once

#include <memory>
#include <string>

#include "core/store/database.hpp"

namespace segmentflow::sqlite {

struct OpenOptions {
  std::string path;  // absolute; its folder exists
  std::string vfs;   // empty: SQLite's default
  int readers_max;
};

// Errors: ValidationFailed for a VFS that nobody registered, NotReady when it cannot be opened.
Result<std::unique_ptr<Database>> open(const OpenOptions& options, const Clock& clock);

}  // namespace segmentflow::sqlite
