// How assistants give an operation its input. Models differ from programs in three ways, so that
// the arguments of a tool are read more liberally than the request over REST, where a member is of
// a declared type; never inside free-form JSON such as a send's data:
//   null is a member that is not given, because models in a strict mode give each member;
//   what may be emptied (null over REST) is named in a member of its own, `clear`;
//   an object or array may be its JSON text, because some hosts write it so.
#pragma once

#include "tools/operation.hpp"

namespace segmentflow {

// The JSON Schema of a tool's arguments.
describe::Json arguments_schema(const Operation& operation);

// The operation's input, options included, of such arguments (an object). A list that may be long
// comes in pages of kMcpPageItems where no limit is given. ValidationFailed for a `clear` that is
// none.
Result<describe::Json> input_of(const Operation& operation, describe::Json arguments);

inline constexpr std::size_t kMcpPageItems = 50;

}  // namespace segmentflow
