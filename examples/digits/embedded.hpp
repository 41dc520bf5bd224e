// Text files of this folder as they were when the build was configured: programs that can be copied alone need no data beside them.
#pragma once

#include <string_view>

namespace example {

extern const std::string_view kDigitsText;  // digits.txt
extern const std::string_view kModelText;   // model.txt

}  // namespace example
