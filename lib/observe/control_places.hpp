// Who may hold a connection of the control socket at one time. Pure.
//
// Each kind of user has places of its own, so nobody takes those of a kind that may do more. Within a kind one user
// has a share. The kinds are as control_message.hpp tells them apart.
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

    // False: no place is free for this user. True: leave() gives it back.
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
