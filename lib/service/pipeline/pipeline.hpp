// The way of a change, and all that carries it:
//
//   inbox/x.csv → claiming → reading → ledger → delivery → HubSpot → delivery → ledger → reports → done/x.csv
//
// claiming   gives what arrives its number and brings it to processing/
// growth     watches files that a program may still write to after they were read
// reading    reads rows into the ledger, and says which may be sent
// delivery   does what the engine decides: reads changes from the ledger, puts every attempt on record before it
//            leaves, sends it, and puts verdicts on record
// reports    writes what the ledger knows of ended attempts and settled files, and brings these to done/
//
// A room hands work to those after it on that way, and reads or awaits what it must know of others. The members below
// are in the order of their dependencies. Home thread. The ledger outlives the pipeline.
#pragma once

#include <optional>
#include <vector>

#include "base/random.hpp"
#include "delivery/engine.hpp"
#include "http/transport.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "observe/counters.hpp"
#include "service/account/account_service.hpp"
#include "service/account/lookup.hpp"
#include "service/account/subscriptions_service.hpp"
#include "service/account/token_service.hpp"
#include "service/common/environment.hpp"
#include "service/pipeline/claiming_service.hpp"
#include "service/pipeline/delivery_service.hpp"
#include "service/pipeline/disk_trouble.hpp"
#include "service/pipeline/growth_service.hpp"
#include "service/pipeline/reading_service.hpp"
#include "service/pipeline/report_service.hpp"

namespace consent_sync::service {

class pipeline {
  public:
    // `past`: what the ledger knows from before.
    pipeline(const environment& env, intake::work_folders folders, const ledger::recovery& past,
             base::random_engine& random, http::transport& transport);

    void start(const ledger::recovery& past, const std::vector<ledger::file_record>& open_files);
    void configure();  // after a reload
    // Waits until the ledger is found damaged while it is in use: then no job of the ledger ends any more.
    boost::asio::awaitable<base::error> ledger_damaged();

    // Stopping: nothing new is claimed or begun.
    void begin_stop();
    // Waits for the requests under way, then until what was read is stored and the reports are written.
    boost::asio::awaitable<void> finish_requests(base::steady_time deadline);
    boost::asio::awaitable<void> finish_files(base::steady_time deadline);
    void stop_claiming();
    void end();  // what never waits for anything

  private:
    environment env_;
    intake::work_folders folders_;
    http::transport& transport_;

  public:
    observe::counters counts;
    delivery::engine engine;  // what may leave, when, and what an answer comes to

    token_service tokens;
    report_service reports;
    delivery_service delivery;
    disk_trouble trouble;  // while any room has it, sending pauses

    lookup ask_hubspot;  // beside the deliveries
    subscriptions_service subscriptions;
    account_service account;

    reading_service reading;
    growth_service growth;
    claiming_service claiming;
};

}  // namespace consent_sync::service
