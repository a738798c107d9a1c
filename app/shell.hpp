// Text for a shell, in commands that a person is to paste.
#pragma once

#include <string>
#include <string_view>

namespace segmentflow::app {

// A word of the shell that stands for the text, whatever it holds; as it is where that will do.
std::string shell_word(std::string_view text);

}  // namespace segmentflow::app
