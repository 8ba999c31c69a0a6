// A ledger in memory with files and rows, for the tests of its tables.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ledger/store.hpp"

namespace consent_sync::ledger {

// For a ledger on disk.
class temporary_folder {
  public:
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "consent sync XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    std::string path;
};

class LedgerTest : public testing::Test {
  protected:
    LedgerTest() : store_(store::open(":memory:").value()) {}

    void run(const std::function<void(store&)>& work) {
        const auto done = store_->transact(work);
        ASSERT_FALSE(done.has_error()) << done.error().message;
    }
    base::errc failure(const std::function<void(store&)>& work) {
        const auto done = store_->transact(work);
        return done.has_error() ? done.error().code : base::errc::not_found;
    }

    static new_row make_row(consent::place id, const std::string& who,
                            consent::status_state state = consent::status_state::subscribed) {
        new_row row;
        row.change.id = id;
        row.change.subscriber = who;
        row.change.subscription = 7;
        row.change.state = state;
        row.offset = id.row() * 10;
        return row;
    }
    static std::string who(std::uint64_t n) { return "p" + std::to_string(n) + "@x.org"; }

    // A file of `rows` opt-ins of different people, read to its end or not.
    consent::arrival_number add_file(std::uint64_t rows, bool ended = true, std::uint64_t first_person = 1) {
        std::vector<file_record> files(1);
        files[0].name = "f.csv";
        files[0].stored_name = ".csv";
        files[0].claimed_at = now;
        run([&](store& s) {
            s.files().add(files);
            s.files().claimed(files[0]);
            s.files().begin_reading(files[0].arrival, "sha of " + std::to_string(files[0].arrival), std::nullopt);
        });
        std::vector<new_row> added;
        for (std::uint64_t n = 1; n <= rows; ++n)
            added.push_back(make_row(consent::place(files[0].arrival, n), who(first_person + n - 1)));
        append(files[0].arrival, added, rows);
        if (ended) end(files[0].arrival);
        return files[0].arrival;
    }
    void append(consent::arrival_number file, const std::vector<new_row>& rows, std::uint64_t rows_now) {
        std::uint64_t invalid = 0;
        for (const new_row& row : rows) invalid += row.invalid.has_value();
        run([&](store& s) {
            s.changes().append(rows);
            s.files().progress(file, rows_now, rows_now * 10, invalid);
        });
    }
    void end(consent::arrival_number file) {
        run([&](store& s) { s.files().end_reading({file, now, "", "", 0, 0}); });
    }
    fetched bulk(consent::place after, std::size_t most = 1'000, consent::place bound = consent::place(INT64_MAX)) {
        fetched found;
        run([&](store& s) { found = s.changes().fetch_bulk(after, bound, most); });
        return found;
    }
    static settled_change confirmed(consent::place id, attempt_id attempt = 1) {
        settled_change end;
        end.id = id;
        end.attempt = attempt;
        return end;
    }
    static attempt_begin begin(attempt_id id, std::vector<consent::place> changes) {
        attempt_begin b;
        b.id = id;
        b.batch = id;
        b.changes = std::move(changes);
        b.begun_at = now;
        return b;
    }

    static constexpr base::wall_time now = base::wall_time(std::chrono::hours(500'000));
    std::unique_ptr<store> store_;
};

}  // namespace consent_sync::ledger
