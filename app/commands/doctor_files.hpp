// Whether others can read what only Segmentflow's user may.
#pragma once

#include <string>
#include <vector>

#include "app/settings.hpp"

namespace segmentflow::app {

// For each file or folder of the installation that other users can open a sentence that names it
// and the command that closes it: secret, database, demo key, captured mail, configuration file.
// What is not there is passed over.
std::vector<std::string> find_open_files(const Settings& settings);

}  // namespace segmentflow::app
