#include "core/store/migration_text.hpp"

#include <algorithm>
#include <cctype>

namespace segmentflow {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::string_view lower_type(std::string_view word, const MigrationDialect& dialect) {
  if (word == "INTEGER_ID") return dialect.integer_id;
  if (word == "BIGINT") return dialect.bigint;
  if (word == "TEXT") return dialect.text;
  if (word == "BYTES") return dialect.bytes;
  return word;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void finish_statement(std::string& current, const MigrationDialect& dialect,
                      std::vector<std::string>& statements) {
  std::string statement(trimmed(current));
  current.clear();
  if (statement.empty()) return;
  if (statement.starts_with("CREATE TABLE") && statement.ends_with(')')) {
    statement += dialect.table_suffix;
  }
  statements.push_back(std::move(statement));
}

}  // namespace

std::vector<std::string> migration_statements(std::string_view sql,
                                              const MigrationDialect& dialect) {
  std::vector<std::string> statements;
  std::string current;
  std::size_t i = 0;
  while (i < sql.size()) {
    std::size_t end = i + 1;
    if (sql[i] == ';') {
      finish_statement(current, dialect, statements);
    } else if (sql[i] == '\'' || sql[i] == '"') {
      const auto close = sql.find(sql[i], i + 1);
      end = close == std::string_view::npos ? sql.size() : close + 1;
      current += sql.substr(i, end - i);
    } else if (sql.substr(i).starts_with("--")) {
      end = std::min(sql.find('\n', i), sql.size());
    } else if (is_word(sql[i])) {
      while (end < sql.size() && is_word(sql[end])) ++end;
      current += lower_type(sql.substr(i, end - i), dialect);
    } else {
      current += sql[i];
    }
    i = end;
  }
  finish_statement(current, dialect, statements);
  return statements;
}

}  // namespace segmentflow
