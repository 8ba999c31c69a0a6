// Who has a file open, asked of the real kernel; how files end, by every way in which a writer leaves them.
#include "intake/arrival/completeness.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

class Completeness : public testing::Test {
  protected:
    base::unique_fd open(int flags) const { return base::unique_fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)); }
    writers now() const { return find_writers(open(O_RDONLY).get()); }
    ending end_of(const std::string& name, const std::string& bytes) {
        folder.write("x", bytes);
        return look_at_end(open(O_RDONLY).get(), name, bytes.size());
    }

    base::temp_folder folder;
    std::string path = folder / "x";
};

TEST_F(Completeness, AWriterIsSeenAsLongAsItHasTheFile) {
    folder.write("x", "text");
    EXPECT_EQ(now(), writers::none);
    base::unique_fd writer = open(O_WRONLY | O_APPEND);
    EXPECT_EQ(now(), writers::some);
    const base::unique_fd reader = open(O_RDONLY);
    writer.reset();
    EXPECT_EQ(now(), writers::none) << "a reader is no writer";
    EXPECT_TRUE(open(O_WRONLY)) << "the lease was given back";
}

TEST_F(Completeness, AMappingToWriteCountsWhenItsDescriptorIsClosed) {
    folder.write("x", "text");
    base::unique_fd writer = open(O_RDWR);
    void* const mapped = ::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, writer.get(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
    writer.reset();
    EXPECT_EQ(now(), writers::some);
    ::munmap(mapped, 4);
    EXPECT_EQ(now(), writers::none);
}

TEST_F(Completeness, ADescriptorThatMayWriteTellsNothing) {
    folder.write("x", "text");
    EXPECT_NE(find_writers(open(O_RDWR).get()), writers::none);
    EXPECT_EQ(find_writers(-1), writers::unknown);
}

// A lease knows nothing of writers on other machines, so where they may exist it proves nothing.
TEST_F(Completeness, OnAFileSystemThatIsNotOnTheListALeaseProvesNothing) {
    const base::unique_fd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file);
    EXPECT_EQ(find_writers(file.get()), writers::unknown);
}

TEST_F(Completeness, EachFormatHasItsEnd) {
    struct table_row {
        const char* name;
        std::string bytes;
        ending end;
    };
    using namespace std::string_literals;
    const std::string packed = gzip("email\nann@example.com\n");
    const std::vector<table_row> rows = {
        {"x.csv", "email\nann@example.com\n", ending::whole},
        {"x.csv", "email\r\nann@example.com\r\n", ending::whole},
        {"x.csv", "email\rann@example.com\r", ending::whole},
        {"x.csv", "email\nbob@example.co", ending::unfinished},
        {"x.csv", "", ending::unfinished},
        {"x.csv", "email\nann@example.com\n\0\0\0\0"s, ending::unfinished},
        {"x.csv", "email\nann@example.com\x1A", ending::whole},
        {"x.csv",
         "\xFF\xFE"
         "e\0\n\0"s,
         ending::whole},
        {"x.csv",
         "\xFF\xFE"
         "e\0\n\0b\0"s,
         ending::unfinished},
        {"x.csv", "\xFE\xFF\0e\0\n"s, ending::whole},
        {"x.ndjson", "{\"a\":1}\n", ending::whole},
        {"x.ndjson", "{\"a\":1}", ending::whole},
        {"x.jsonl", "{\"a\":1}\n{\"a\":", ending::unfinished},
        {"x.json", "[{\"a\":1}]", ending::whole},
        {"x.json", " \n[{\"a\":1}] \n", ending::whole},
        {"x.json", "[{\"a\":1}", ending::unfinished},
        {"x.json", "[{\"a\":1},\n", ending::unfinished},
        {"x.json", "{\"inputs\":[{\"a\":1}]}", ending::whole},
        {"x.json", "{\"inputs\":[{\"a\":1}]", ending::unfinished},
        {"x.json", "\n", ending::unfinished},
        {"x.csv.gz", packed, ending::whole},
        {"x.csv.gz", packed + packed, ending::whole},
        {"x.csv.gz", packed.substr(0, packed.size() - 1), ending::unfinished},
        {"x.csv.gz", packed + packed.substr(0, 12), ending::unfinished},
        {"x.csv.gz", "", ending::unfinished},
        {"x.dat", "text\n", ending::whole},
        {"x.dat", "text", ending::unfinished},
    };
    for (const table_row& row : rows) EXPECT_EQ(end_of(row.name, row.bytes), row.end) << row.name << ": " << row.bytes;
}

}  // namespace
}  // namespace consent_sync::intake
