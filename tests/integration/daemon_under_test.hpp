// Runs the real binary against the real simulator, in a temporary folder: the vocabulary of the integration tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "hubspot_sim/simulator.hpp"
#include "integration/run_program.hpp"
#include "integration/secrecy.hpp"

namespace consent_sync::integration {

using std::chrono_literals::operator""s;

class daemon_under_test {
  public:
    // `more`: members for the configuration, as JSON text without the outer braces; empty: none.
    // At the end of every run all output is searched for private data, see secrecy.hpp.
    explicit daemon_under_test(hubspot_sim::options o = {}, const std::string& more = "");
    ~daemon_under_test();

    hubspot_sim::simulator& hubspot() { return *sim_; }

    void start();  // waits until it is ready
    void signal(int number) const;
    void launch();  // does not wait
    // "NAME=value" for daemons that are started from now on; replaces those of the previous call.
    void set_environment(std::vector<std::string> more) { environment_ = std::move(more); }
    int wait_for_exit(std::chrono::seconds limit = 30s);  // its exit status, -SIGNAL; -1000: it still runs
    void kill_hard();                                     // SIGKILL
    void reload();                                        // SIGHUP; waits until the reload is finished
    void write_config(const std::string& more) const;     // the configuration of the constructor with another `more`
    void replace_in_config(const std::string& part, const std::string& by) const;
    int stop();           // SIGTERM; returns the exit status
    int fail_to_start();  // starts it and waits until it exits by itself; returns the exit status
    pid_t process() const { return process_; }
    bool runs() const;

    void drop(const std::string& name, const std::string& content);  // renamed into the inbox
    // Waits for this number of finished files, and returns their summaries in the order in which they finished.
    std::vector<boost::json::object> wait_for_files(std::size_t count, std::chrono::seconds limit = 60s);
    std::vector<boost::json::object> batches() const;
    bool wait(const std::function<bool()>& reached, std::chrono::seconds limit = 30s) const;
    // The content of the file of that name, or FOLDER/NAME, below reports/; if there are several, the one of the newest
    // day and file.
    std::string report(const std::string& file_name) const;
    std::string log() const;
    // Runs another command of the same binary with the same configuration: the words of `line`, then the words `more`,
    // which may contain blanks. Its output is searched for private data, except that of `history`, which is about an
    // address.
    using command_result = program_result;
    command_result command(const std::string& line, const std::vector<std::string>& more = {},
                           const std::string& input = "/dev/null") const;
    // The monitor's answer with its header. Requires "monitor": { "listen": "127.0.0.1:0" } in the configuration, and a
    // start before.
    std::string get(const std::string& path, const std::string& more_for_curl = "") const;
    std::string folder() const { return folder_; }
    // All lines of the day files of that name below reports/, day by day.
    std::vector<boost::json::object> lines(const std::string& name) const;
    std::string state(const std::string& below = "") const { return folder_ + "/state" + below; }
    std::string file(const std::string& name) const { return folder_ + "/" + name; }  // token, ca.pem, config.json
    void write_token(const std::string& token);
    void set_environment(const std::string& name, const std::string& value);  // of the daemon; before start()
    // Output of the daemon outside of its log, which is searched for private data like the log.
    void heard(const std::string& text) const { heard_ += text + "\n"; }
    secrecy& secrets() { return secrecy_; }
    std::vector<std::string> names(const std::string& below) const;  // sorted

    static constexpr const char* token = "pat-test-0123456789abcdef";

  private:
    std::string folder_;
    std::unique_ptr<hubspot_sim::simulator> sim_;
    pid_t process_ = -1;
    std::vector<std::string> environment_;  // NAME=VALUE, in addition to the test's own
    secrecy secrecy_;
    mutable std::string heard_;
};

std::uint64_t count(const boost::json::object& file, const char* verdict);

// Sanitizers keep freed memory and shadow memory, so bounds on memory are meaningless with them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_tells = false;
#elif defined(__has_feature)
inline constexpr bool memory_tells = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
inline constexpr bool memory_tells = true;
#endif

}  // namespace consent_sync::integration
