// When reports are written: at once if nothing was written for a while or a file is settled. Otherwise lines of
// attempts are collected for a moment, so that they share a sync; after a failure the retry is waited for. Pure;
// report_service acts on it.
#pragma once

#include <cstdint>
#include <utility>

namespace consent_sync::service {

class report_turns {
  public:
    enum class pause : std::uint8_t { none, gather, until_woken, retry };

    // Something is there to be written. True: end the pause that is under way.
    bool attempts_ended() {
        attempts_due_ = true;
        return pause_ == pause::until_woken;
    }
    bool files_settled() {
        files_due_ = true;
        return pause_ != pause::retry;
    }

    // To be written now.
    bool take_attempts() {
        behind_ = false;
        files_due_ = files_due_ || (attempts_due_ && files_wait_);
        return std::exchange(attempts_due_, false);
    }
    bool take_files() { return std::exchange(files_due_, false); }
    // There are more than were written at once, or they could not be written.
    void more_attempts() { attempts_due_ = behind_ = true; }
    void more_files() { files_due_ = true; }
    // Files wait for an attempt that carries rows of other files: each turn of attempts looks at the files too.
    void files_wait(bool any) { files_wait_ = any; }

    bool any() const { return attempts_due_ || files_due_; }
    // `done`: the last turn could write.
    pause next(bool done) {
        if (!done)
            pause_ = pause::retry;
        else if (!any())
            pause_ = pause::until_woken;
        else
            pause_ = files_due_ || behind_ ? pause::none : pause::gather;
        return pause_;
    }

  private:
    bool attempts_due_ = true, files_due_ = true;  // what the last run left is looked for at the start
    bool behind_ = false, files_wait_ = false;
    pause pause_ = pause::none;
};

}  // namespace consent_sync::service
