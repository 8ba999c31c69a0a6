#include "intake/line_numbers.hpp"

#include <algorithm>
#include <memory>

#include "intake/byte_source.hpp"
#include "intake/open_for_reading.hpp"
#include "intake/format.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {

base::result<std::vector<std::uint64_t>> find_lines(const std::string& path, std::string_view name,
                                                    std::uint64_t bytes_max, std::span<const std::uint64_t> offsets) {
    const base::result<format> kind = parse_format(name);
    if (!kind) return kind.error();
    base::result<base::unique_fd> file = open_for_reading(path);
    if (!file) return file.error();
    std::unique_ptr<byte_source> source = make_file_source(std::move(*file));
    if (kind->gzip) source = make_gzip_source(std::move(source), bytes_max * decompressed_factor);

    std::vector<std::uint64_t> lines;
    std::vector<char> block(block_bytes);
    std::uint64_t begin = 0;  // of the block, in the content
    std::uint64_t line = 1;
    while (lines.size() < offsets.size()) {
        const base::result<std::size_t> got = source->read(block);
        if (!got) return got.error();
        if (*got == 0) return base::error{base::errc::corrupt, "the file is shorter than it was"};
        std::size_t counted = 0;
        for (; lines.size() < offsets.size() && offsets[lines.size()] < begin + *got; lines.push_back(line)) {
            const auto upto = static_cast<std::size_t>(offsets[lines.size()] - begin);
            line += static_cast<std::uint64_t>(std::count(block.data() + counted, block.data() + upto, '\n'));
            counted = upto;
        }
        line += static_cast<std::uint64_t>(std::count(block.data() + counted, block.data() + *got, '\n'));
        begin += *got;
    }
    return lines;
}

}  // namespace consent_sync::intake
