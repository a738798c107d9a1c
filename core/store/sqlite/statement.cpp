#include <fmt/format.h>

#include <charconv>

#include "core/store/database.hpp"
#include "core/store/sqlite/connection.hpp"
#include "core/store/sqlite/failure.hpp"
#include "core/store/sqlite/lowering.hpp"

namespace segmentflow::sqlite {
namespace {

// Leaves the statement ready for its next run and holding no pointer into the caller's values.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(sqlite3_stmt* statement) : statement_(statement) {}
  ~ResetAtEnd() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

Statement::Statement(sqlite3* db, std::string_view sql, const std::vector<SqlColumn>& columns)
    : db_(db) {
  for (const auto& column : columns) columns_.emplace_back(column.name);
  const std::string lowered = lower_statement(sql, columns);
  const int code = sqlite3_prepare_v3(db, lowered.data(), static_cast<int>(lowered.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) throw_failure(db, code, fmt::format("preparing `{}`", lowered));
  try {
    learn_slots();
  } catch (...) {
    sqlite3_finalize(handle_);
    throw;
  }
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

void Statement::learn_slots() {
  const int count = sqlite3_bind_parameter_count(handle_);
  for (int position = 1; position <= count; ++position) {
    const char* name = sqlite3_bind_parameter_name(handle_, position);
    const std::string_view text = name != nullptr ? name : "?";
    std::size_t number = 0;
    const auto parsed = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    const bool is_ours = text[0] == '$' || text[0] == '@';
    if (!is_ours || parsed.ptr != text.data() + text.size() || number == 0) {
      throw StoreDefect(fmt::format("parameter {} is not of the form $1", text));
    }
    const bool from_input = text[0] == '@';
    if (!from_input) params_count_ = std::max(params_count_, number);
    slots_.push_back({from_input, number - 1});
  }
}

bool Statement::made_for(const std::vector<SqlColumn>& columns) const {
  return std::equal(columns_.begin(), columns_.end(), columns.begin(), columns.end(),
                    [](const std::string& mine, const SqlColumn& its) { return mine == its.name; });
}

void Statement::bind_one(int position, const SqlValue& value) {
  // SQLITE_STATIC: the caller's values outlive the run, and the bindings are cleared after it.
  struct Binder {
    sqlite3_stmt* statement;
    int position;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, position); }
    int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, position, v); }
    int operator()(const std::string& v) const {
      return sqlite3_bind_text64(statement, position, v.data(), v.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    }
    int operator()(const Bytes& v) const {
      return sqlite3_bind_blob64(statement, position, v.value.data(), v.value.size(),
                                 SQLITE_STATIC);
    }
  };
  const int code = std::visit(Binder{handle_, position}, value.variant());
  if (code != SQLITE_OK) throw_failure(db_, code, "binding a parameter");
}

void Statement::bind(std::span<const SqlValue> params, std::span<const SqlValue> input_row) {
  if (params.size() != params_count_) {
    throw StoreDefect(fmt::format("the statement `{}` has {} parameters, {} were given",
                                  sqlite3_sql(handle_), params_count_, params.size()));
  }
  int position = 1;
  for (const Slot& slot : slots_) {
    bind_one(position, slot.from_input ? input_row[slot.index] : params[slot.index]);
    ++position;
  }
}

SqlRow Statement::current_row() const {
  const int count = sqlite3_column_count(handle_);
  SqlRow row;
  row.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const int type = sqlite3_column_type(handle_, i);
    if (type == SQLITE_NULL) {
      row.emplace_back();
    } else if (type == SQLITE_INTEGER) {
      row.emplace_back(static_cast<std::int64_t>(sqlite3_column_int64(handle_, i)));
    } else if (type == SQLITE_FLOAT) {
      throw StoreDefect(fmt::format("`{}` gives a real number, which the portable SQL has not",
                                    sqlite3_sql(handle_)));
    } else {
      // For text, column_blob gives its UTF-8 bytes; a null pointer stands for an empty value.
      const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, i));
      std::string value = data == nullptr ? std::string() : std::string(data, size);
      if (type == SQLITE_TEXT) row.emplace_back(std::move(value));
      if (type == SQLITE_BLOB) row.emplace_back(Bytes{std::move(value)});
    }
  }
  return row;
}

void Statement::run(std::span<const SqlValue> params, std::span<const SqlValue> input_row,
                    SqlRows& rows) {
  const ResetAtEnd reset(handle_);
  bind(params, input_row);
  int code = sqlite3_step(handle_);
  for (; code == SQLITE_ROW; code = sqlite3_step(handle_)) rows.push_back(current_row());
  if (code != SQLITE_DONE) {
    throw_failure(db_, code, fmt::format("running `{}`", sqlite3_sql(handle_)));
  }
}

}  // namespace segmentflow::sqlite
