# Plants bugs into copies of the library's sources. The product itself contains no trace of them.
#
#   plant(SOURCES FILE PLACE CODE)
#
# SOURCES is a variable with the paths of sources. FILE (below lib/) is replaced in it by a copy in which CODE follows PLACE.
# FILE must contain PLACE exactly once; otherwise the configuration fails, and the bug has to be moved with the code.

function(plant sources file place code)
  set(original ${PROJECT_SOURCE_DIR}/lib/${file})
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/planted/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${original})
  if(${copy} IN_LIST ${sources})
    file(READ ${copy}.new text)
  else()
    file(READ ${original} text)
  endif()
  string(FIND "${text}" "${place}" first)
  string(FIND "${text}" "${place}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "lib/${file} does not contain \"${place}\" exactly once, so no bug can be planted after it")
  endif()
  string(REPLACE "${place}" "${place}${code}" text "${text}")
  file(CONFIGURE OUTPUT ${copy} CONTENT "${text}" @ONLY)
  file(WRITE ${copy}.new "${text}")
  set(list ${${sources}})
  list(REMOVE_ITEM list ${original})
  list(APPEND list ${copy})
  list(REMOVE_DUPLICATES list)
  set(${sources} ${list} PARENT_SCOPE)
endfunction()

function(plant_all sources)
  plant(${sources} delivery/engine.cpp "    pace_.written(now.steady);\n" [[
    if (planted_bug == planted::key_released_too_early)
        for (std::size_t i = 0; i < found->second->content.size(); ++i)
            out_.free_keys.push_back(found->second->content.hash(i));
]])
  plant(${sources} delivery/engine.cpp
        "    while (pace_.may_begin(in_flight(), follow_up_.refused().doubtful(), now)" [[

           || (planted_bug == planted::retry_outside_limiter && !pace_.paused() && outgoing_.waiting() > 0)]])
  plant(${sources} delivery/outcome.cpp "    out_.words = j_.words;\n    for (" [[
const auto& each : j_.changes)
        if (planted_bug == planted::trusts_http_200)
            const_cast<hubspot::change_judgement&>(each).outcome = change_outcome::confirmed;
    for (]])
  plant(${sources} delivery/late_writes.cpp
        "void late_writes::unanswered(const consent::change& c, consent::key_hash hash, base::wall_time ended,
                             ledger::ledger_change& out) {\n"
        "    if (planted_bug == planted::late_writes_forgotten) return;\n")
  plant(${sources} ledger/standing_opt_outs.cpp "    g.last = std::max(g.last, file.arrival);\n"
        "    if (planted_bug == planted::opt_outs_of_a_piece_only) g.newest = {};\n")
  plant(${sources} ledger/standing_opt_outs.cpp
        "std::size_t standing_opt_outs::end_file(const file_record& file) {\n    group& g = open(file);\n"
        "    if (planted_bug == planted::files_together_forgotten) return forget(file), std::size_t{0};\n")
  plant(${sources} ledger/store.cpp "recovery store::recover(base::wall_time now, base::milliseconds window) {\n    recovery out;\n" [[
    if (planted_bug == planted::overtakes_of_unsent_rows_only) {
        statement all = db_->prepare("SELECT newest FROM overtakes");
        statement forget = db_->prepare("DELETE FROM overtakes WHERE newest=?");
        std::vector<std::int64_t> sent;
        while (all.step()) {
            const auto row = changes_.blocks().find(consent::place(all.integer(0)));
            if (!row || row->end) sent.push_back(all.integer(0));
        }
        all.restart();
        for (const std::int64_t newest : sent) forget.run_with(newest).execute();
        ahead_ = overtakes(*db_);
    }
]])
  set(${sources} ${${sources}} PARENT_SCOPE)
endfunction()
