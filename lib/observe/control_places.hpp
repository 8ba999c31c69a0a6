// How many connections to the control socket each user may hold at once. Pure.
//
// Each kind of user has its own places, so a user cannot use up those of a kind with more rights. Within a kind, each
// user has a share. control_message.hpp defines who has which rights.
#pragma once

#include <array>
#include <cstddef>
#include <map>

#include "observe/control_message.hpp"

namespace consent_sync::observe {

class control_places {
  public:
    enum class kind { root, service_user, admin, reader, stranger };
    struct room {
        std::size_t all, of_one_user;
    };
    // By kind.
    static constexpr std::array<room, 5> rooms = {{{8, 8}, {8, 8}, {12, 4}, {8, 2}, {4, 2}}};

    static kind kind_of(const control_peer& who, const control_rights& rights);

    // False: there is no free place for this user. True: leave() must follow.
    bool enter(kind k, unsigned uid);
    void leave(kind k, unsigned uid);

  private:
    struct taken {
        std::size_t all = 0;
        std::map<unsigned, std::size_t> by_user;  // without users that hold none
    };
    std::array<taken, rooms.size()> taken_;
};

}  // namespace consent_sync::observe
