// Escaping of values for the place where they land.
#pragma once

#include <string>
#include <string_view>

namespace segmentflow::render {

// Appends `text` for HTML text and for quoted attributes alike: & < > " ' become entities, NUL
// (which no HTML may hold) becomes U+FFFD.
void append_html(std::string& out, std::string_view text);

// Whether a link or image address is one that mail may carry: http, https, mailto, tel, cid, or a
// fragment (`#part`). Blanks and control characters are judged as browsers do, by ignoring them.
bool is_allowed_url(std::string_view url);

// Whether what is sent there can be read on the way: an http address.
bool is_insecure_url(std::string_view url);

// Whether a style value that came from data stays one value of one declaration. It must hold no
// ; { } \ < > @ control character or comment, its quotes and brackets must be balanced, and
// functions that load (url, image, image-set, src) or run (expression) something are refused.
bool is_safe_style_value(std::string_view value);

// Whether a name may stand left of the colon: letters, digits, - and _.
bool is_style_name(std::string_view name);

}  // namespace segmentflow::render
