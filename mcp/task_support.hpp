// Whether a tool's calls may, or have to, become tasks.
#pragma once

namespace mcp {

enum class TaskSupport { None, Optional, Required };

}  // namespace mcp
