// A thin layer on SQLite: one connection, prepared statements, errors as one exception type.
//
// Inside lib/ledger a failing statement throws database_error, because every failure is handled in the same way: the
// transaction is rolled back. store::transact() and the readers catch it and turn it into base::error; the exception
// does not leave lib/ledger. Not thread-safe: one connection belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace consent_sync::ledger {

class database_error : public std::runtime_error {
  public:
    database_error(base::errc why, const std::string& message) : std::runtime_error(message), code(why) {}
    base::errc code;
};

// Bytes that are stored as they are (BLOB); all other strings are TEXT.
struct blob {
    std::string_view bytes;
};

class statement {
  public:
    statement() = default;
    statement(sqlite3* connection, std::string_view sql);

    // Binds from the first parameter on and makes the statement ready to run again. Texts must live until the last
    // step(): they are not copied.
    template <class... Values>
    statement& run_with(const Values&... values) {
        restart();
        int index = 0;
        (bind(++index, values), ...);
        return *this;
    }
    bool step();     // true: there is a row to read
    void execute();  // for statements without rows; ready for the next run_with()
    void restart();

    std::int64_t integer(int column) const;
    std::optional<std::int64_t> optional_integer(int column) const;
    std::string text(int column) const;       // bytes of a TEXT or BLOB column; empty for NULL
    std::string_view view(int column) const;  // valid until the next step
    bool is_null(int column) const;

  private:
    void bind(int index, std::int64_t value);
    void bind(int index, int value) { bind(index, std::int64_t{value}); }
    void bind(int index, unsigned value) { bind(index, std::int64_t{value}); }
    void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind(int index, std::string_view value);
    void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
    void bind(int index, blob value);
    void bind(int index, std::nullopt_t);
    template <class Value>
    void bind(int index, const std::optional<Value>& value) {
        if (value)
            bind(index, *value);
        else
            bind(index, std::nullopt);
    }
    [[noreturn]] void fail() const;

    struct finalizer {
        void operator()(sqlite3_stmt* s) const;
    };
    std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

class database {
  public:
    enum class access { read_write, read_only };

    // `path` may be ":memory:". Throws database_error.
    database(const std::string& path, access how);

    void execute(const char* sql);  // any number of statements, no parameters
    statement prepare(std::string_view sql) const { return statement(handle_.get(), sql); }
    std::string path() const;  // empty: it is in memory
    // Resets statements that failed or were left in the middle: they would go on seeing the ledger as it was.
    void end_statements();
    int changed_rows() const;                // by the last statement
    std::int64_t changed_rows_ever() const;  // by this connection
    // `working` is called every some thousand steps of any statement, until it is empty again. It may not use the
    // database.
    void on_progress(std::function<void()> working);

  private:
    struct closer {
        void operator()(sqlite3* c) const;
    };
    std::unique_ptr<sqlite3, closer> handle_;
    std::unique_ptr<std::function<void()>> working_;  // SQLite holds its address
};

}  // namespace consent_sync::ledger
