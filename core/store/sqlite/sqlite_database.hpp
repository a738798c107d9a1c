// The SQLite backend: one file, one writer connection, a pool of readers, a checkpointer.
#pragma once

#include <memory>
#include <string>

#include "core/store/database.hpp"

namespace segmentflow::sqlite {

// `path` is absolute and its folder exists; an empty `vfs` is SQLite's default. Errors:
// ValidationFailed for a VFS that nobody registered, NotReady when it cannot be opened.
Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& vfs,
                                       const DatabaseOptions& options);

}  // namespace segmentflow::sqlite
