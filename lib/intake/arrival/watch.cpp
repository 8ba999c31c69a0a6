#include "intake/arrival/watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "async/run_blocking.hpp"
#include "base/log.hpp"

namespace consent_sync::intake {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using base::level;
using base::log_event;

constexpr auto reopen_wait = 1s;   // between looks for a folder that is gone
constexpr auto listing_gap = 1s;   // between listings that follow each other because one was cut
constexpr int reads_at_once = 16;  // of 64 KiB: some thousand events are noted before files are given on

std::string describe(int errnum) { return std::generic_category().message(errnum); }

}  // namespace

watch::watch(const asio::any_io_executor& home, asio::thread_pool& blocking, const base::clock& clock,
             watch_options options)
    : blocking_(blocking),
      clock_(clock),
      options_(std::move(options)),
      candidates_(options_.limits, options_.candidates_max),
      inotify_(home),
      timer_(home),
      place_(std::make_shared<inbox_place>(options_.inbox, options_.may_be_link)) {}

watch::~watch() = default;

void watch::set_limits(const inbox_limits& limits, base::milliseconds rescan) {
    options_.limits = limits;
    options_.rescan = rescan;
    candidates_.set_limits(limits);
    list_now();
}

void watch::list_now() {
    next_listing_ = {};
    timer_.cancel();
}

asio::awaitable<std::vector<arrived_file>> watch::next() {
    for (;;) {
        if (!co_await open_folder()) {
            co_await wait_for_change();
            continue;
        }
        std::vector<name_event> events;
        const bool more_events = read_events(events);
        if (!folder_) continue;
        if (!events.empty()) co_await note_events(std::move(events));
        co_await list_if_due();
        if (!folder_) continue;
        std::vector<arrived_file> files = co_await take_due();
        if (!files.empty()) co_return files;
        if (!more_events) co_await wait_for_change();
    }
}

asio::awaitable<bool> watch::open_folder() {
    if (folder_) co_return true;
    const base::moment now = clock_.now();
    if (now.steady < next_listing_) co_return false;
    auto open = [place = place_] { return place->open(); };
    auto opened = co_await async::run_blocking(blocking_, std::move(open));
    if (!opened) {
        // Gone is said already; another reason, as a link in its place, is news.
        if (opened.error().code != base::errc::not_found && opened.error().message != gone_because_)
            gone_because_.clear();
        close_folder(opened.error().message);
        co_return false;
    }
    folder_ = std::make_shared<base::unique_fd>(std::move(*opened));
    start_inotify();
    // The path may have got another folder between the two calls; then inotify and descriptor disagree.
    const auto watched = identify(place_->real());
    if (!watched || watched != identify(folder_->get())) {
        close_folder("replaced while it was opened");
        co_return false;
    }
    if (!gone_because_.empty()) log_event(level::info, "inbox.back", {{"path", options_.inbox}});
    gone_because_.clear();
    next_listing_ = {};
    if (options_.opened) options_.opened();
    co_return true;
}

void watch::close_folder(const std::string& reason) {
    if (gone_because_.empty())
        log_event(level::warn, "inbox.gone",
                  {{"path", options_.inbox},
                   {"reason", reason},
                   {"words",
                    "nothing can be taken; it is looked for until it comes back. Make or mount it, or see inbox.dir"}});
    if (gone_because_.empty()) gone_because_ = reason;
    boost::system::error_code ignored;
    inotify_.close(ignored);
    folder_.reset();
    candidates_.clear();
    next_listing_ = clock_.now().steady + std::min<base::milliseconds>(reopen_wait, options_.rescan);
}

void watch::start_inotify() {
    base::unique_fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (fd &&
        ::inotify_add_watch(fd.get(), place_->real().c_str(), watched_events | IN_DONT_FOLLOW | IN_ONLYDIR) >= 0) {
        inotify_.assign(fd.release());
        no_inotify_logged_ = false;
        return;
    }
    if (!no_inotify_logged_) {
        const int why = errno;
        std::string detail = "files are found by listing the folder every inbox.rescan";
        if (why == EMFILE)
            detail += "; all inotify instances of this user are in use: raise the sysctl fs.inotify.max_user_instances";
        if (why == ENOSPC)
            detail += "; all inotify watches of this user are in use: raise the sysctl fs.inotify.max_user_watches";
        log_event(level::warn, "inbox.not_watched",
                  {{"path", options_.inbox}, {"reason", describe(why)}, {"detail", detail}});
    }
    no_inotify_logged_ = true;
}

// False: everything that the kernel had is read.
bool watch::read_events(std::vector<name_event>& names) {
    if (!inotify_.is_open()) return false;
    std::array<char, 65'536> buffer;
    for (int i = 0; i < reads_at_once; ++i) {
        const ssize_t n = ::read(inotify_.native_handle(), buffer.data(), buffer.size());
        if (n <= 0) return n < 0 && errno == EINTR;
        watch_events events = parse_events(buffer.data(), static_cast<std::size_t>(n));
        std::move(events.names.begin(), events.names.end(), std::back_inserter(names));
        if (events.overflow) {
            log_event(
                level::warn, "inbox.overflow",
                {{"words",
                  "more arrived at once than the kernel remembers; the inbox is listed instead, nothing is missed"}});
            next_listing_ = {};
        }
        if (events.folder_gone) {
            close_folder("deleted, moved or unmounted");
            return false;
        }
    }
    return true;
}

asio::awaitable<void> watch::note_events(std::vector<name_event> events) {
    merge_names(events);
    std::vector<std::string> names;
    names.reserve(events.size());
    for (const name_event& event : events) names.push_back(event.name);
    auto look = [folder = folder_, names] { return look_at_all(folder->get(), names, look::at_status); };
    const auto seen = co_await async::run_blocking(blocking_, std::move(look));
    const base::moment now = clock_.now();
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (!seen[i]) {
            candidates_.forget(events[i].name);
        } else {
            candidates_.note(events[i].name, events[i].way, *seen[i], now);
        }
    }
}

asio::awaitable<void> watch::list_if_due() {
    const base::steady_time begun = clock_.now().steady;
    const bool room_again = candidates_.left_some_out() && begun >= last_listing_ + listing_gap;
    if (begun < next_listing_ && !room_again) co_return;
    auto list = [folder = folder_, place = place_, most = options_.candidates_max, settle = options_.limits.settle] {
        // Another folder may have been mounted over the path, or a link be on its way: no event tells that.
        listing found;
        if (const auto same = place->check(folder->get()); !same)
            found.failure = same.error().message;
        else
            found = list_folder(folder->get(), most, settle);
        return found;
    };
    candidates_.start_listing();
    const listing found = co_await async::run_blocking(blocking_, std::move(list));
    const base::moment now = clock_.now();
    last_listing_ = now.steady;
    next_listing_ = now.steady + options_.rescan;
    if (!found.failure.empty()) {
        close_folder(found.failure);
        co_return;
    }
    ++listings_;
    for (const listed_name& file : found.files) candidates_.note(file.name, arrival_way::listed, file.seen, now);
    if (found.cut) candidates_.listing_was_cut();
    for (const listed_name& other : found.others) {
        const settle_decision decision =
            decide_settle(other.seen, arrival_way::listed, {now.steady, now.steady, {}}, now, options_.limits);
        if (decision.reason) report(other.name, other.seen, *decision.reason);
    }
    forget_reported();
}

asio::awaitable<std::vector<arrived_file>> watch::take_due() {
    std::vector<arrived_file> files;
    const std::vector<std::string> names = candidates_.due(clock_.now(), batch_max);
    if (names.empty()) co_return files;
    auto look = [folder = folder_, names] { return look_at_all(folder->get(), names, look::to_take); };
    const auto seen = co_await async::run_blocking(blocking_, std::move(look));
    const base::moment now = clock_.now();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!seen[i]) {
            candidates_.forget(names[i]);
            continue;
        }
        const settle_decision decision = candidates_.judge(names[i], *seen[i], now);
        if (decision.action == settle_action::take || decision.action == settle_action::refuse) {
            files.push_back({names[i], *seen[i], decision.reason, decision.complete});
        }
        if (decision.reason) report(names[i], *seen[i], *decision.reason);
    }
    co_return files;
}

asio::awaitable<void> watch::wait_for_change() {
    base::steady_time until = next_listing_;
    if (const auto due = candidates_.next_due()) until = std::min(until, *due);
    if (candidates_.left_some_out()) until = std::min(until, last_listing_ + listing_gap);
    timer_.expires_at(until);
    if (inotify_.is_open()) {
        auto readable = inotify_.async_wait(asio::posix::stream_descriptor::wait_read, asio::deferred);
        auto expired = timer_.async_wait(asio::deferred);
        auto group = asio::experimental::make_parallel_group(std::move(readable), std::move(expired));
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    } else {
        auto expired = timer_.async_wait(asio::deferred);
        auto group = asio::experimental::make_parallel_group(std::move(expired));
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
}

void watch::report(const std::string& name, const observation& seen, inbox_reason reason) {
    const auto known = reported_.find(name);
    if (known != reported_.end() && known->second.reason == reason) {
        known->second.listing = listings_;
        return;
    }
    if (known == reported_.end() && reported_.size() >= reported_max) {
        if (!full_logged_)
            log_event(level::warn, "inbox.left",
                      {{"reason", "many"},
                       {"count", reported_max},
                       {"words", "more is left in the inbox than is named here: clear it"}});
        full_logged_ = true;
        return;
    }
    reported_.insert_or_assign(name, reported{reason, listings_});
    const bool refused = reason == inbox_reason::too_large;
    log_event(level::warn, refused ? "inbox.refused" : "inbox.left",
              {{"name", name}, {"reason", intake::name(reason)}, {"bytes", seen.size}, {"words", what_to_do(reason)}});
}

// What two listings in a row did not find is gone; should it come back it is news again.
void watch::forget_reported() {
    std::erase_if(reported_, [this](const auto& each) {
        return each.second.listing + 2 <= listings_ && !candidates_.holds(each.first);
    });
    full_logged_ = full_logged_ && reported_.size() >= reported_max;
}

}  // namespace consent_sync::intake
