#include "core/store/sqlite/lowering.hpp"

#include <cctype>

namespace segmentflow::sqlite {
namespace {

constexpr std::string_view kInput = "{input}";
constexpr std::string_view kSkipLocked = "{skip_locked}";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::string_view lower_type(std::string_view word) {
  if (word == "INTEGER_ID") return "INTEGER PRIMARY KEY";
  if (word == "BIGINT") return "INTEGER";
  if (word == "BYTES") return "BLOB";
  return word;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void finish_statement(std::string& current, std::vector<std::string>& statements) {
  std::string statement(trimmed(current));
  current.clear();
  if (statement.empty()) return;
  if (statement.starts_with("CREATE TABLE") && statement.ends_with(')')) statement += " STRICT";
  statements.push_back(std::move(statement));
}

}  // namespace

std::string lower_statement(std::string_view sql, const std::vector<SqlColumn>& columns) {
  std::string lowered(sql);
  replace_all(lowered, kSkipLocked, "");
  if (columns.empty()) return lowered;
  std::string table = "(SELECT ";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) table += ", ";
    table += "@" + std::to_string(i + 1) + " AS " + std::string(columns.at(i).name);
  }
  replace_all(lowered, kInput, table + ")");
  return lowered;
}

std::vector<std::string> lower_migration(std::string_view sql) {
  std::vector<std::string> statements;
  std::string current;
  std::size_t i = 0;
  while (i < sql.size()) {
    std::size_t end = i + 1;
    if (sql[i] == ';') {
      finish_statement(current, statements);
    } else if (sql[i] == '\'' || sql[i] == '"') {
      const auto close = sql.find(sql[i], i + 1);
      end = close == std::string_view::npos ? sql.size() : close + 1;
      current += sql.substr(i, end - i);
    } else if (sql.substr(i).starts_with("--")) {
      end = std::min(sql.find('\n', i), sql.size());
    } else if (is_word(sql[i])) {
      while (end < sql.size() && is_word(sql[end])) ++end;
      current += lower_type(sql.substr(i, end - i));
    } else {
      current += sql[i];
    }
    i = end;
  }
  finish_statement(current, statements);
  return statements;
}

}  // namespace segmentflow::sqlite
