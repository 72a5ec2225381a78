#include "source/binlog/gtid_set.h"

#include <algorithm>

#include "base/text.h"

namespace millrace::binlog {
namespace {

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

bool is_tag(std::string_view text) {
    if (text.empty() || text.size() > 32 || (text[0] >= '0' && text[0] <= '9')) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::optional<GtidSet::Interval> parse_interval(std::string_view text) {
    const size_t dash = text.find('-');
    const auto first = parse_int(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_int(text.substr(dash + 1));
    if (!first || !last || *first < 1 || *last < *first) return std::nullopt;
    return GtidSet::Interval{*first, *last};
}

void append_little(std::string& out, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 255);
}

void append_uuid_bytes(std::string& out, const std::string& uuid) {
    std::string digits;
    for (const char c : uuid)
        if (c != '-') digits += c;
    for (size_t i = 0; i + 1 < digits.size(); i += 2)
        out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
}

}  // namespace

std::optional<GtidSet> GtidSet::parse(std::string_view text) {
    GtidSet set;
    for (const auto& raw : split(text, ',')) {
        const std::string_view entry = trimmed(raw);
        if (entry.empty()) continue;
        const auto parts = split(entry, ':');
        if (!is_uuid(parts[0]) || parts.size() < 2) return std::nullopt;
        Source source{lower(parts[0]), ""};
        for (size_t i = 1; i < parts.size(); ++i) {
            const std::string part(trimmed(parts[i]));
            if (is_tag(part)) {
                source.second = lower(part);
                continue;
            }
            const auto interval = parse_interval(part);
            if (!interval) return std::nullopt;
            set.add(source, *interval);
        }
    }
    return set;
}

void GtidSet::add(const Source& source, int64_t number) {
    auto& intervals = sources_[source];
    if (!intervals.empty() && intervals.back().last + 1 == number) {  // the common case: the next one
        intervals.back().last = number;
        return;
    }
    add(source, Interval{number, number});
}

void GtidSet::add(const Source& source, Interval added) {
    auto& intervals = sources_[source];
    std::vector<Interval> merged;
    for (const auto& interval : intervals) {
        if (interval.last + 1 < added.first || added.last + 1 < interval.first) {
            merged.push_back(interval);
        } else {
            added.first = std::min(added.first, interval.first);
            added.last = std::max(added.last, interval.last);
        }
    }
    merged.push_back(added);
    std::sort(merged.begin(), merged.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    intervals = std::move(merged);
}

void GtidSet::add(const GtidSet& other) {
    for (const auto& [source, intervals] : other.sources_)
        for (const auto& interval : intervals) add(source, interval);
}

GtidSet GtidSet::without(const std::function<bool(const std::string& uuid)>& leave_out) const {
    GtidSet kept;
    for (const auto& [source, intervals] : sources_)
        if (!leave_out(source.first)) kept.sources_[source] = intervals;
    return kept;
}

bool GtidSet::contains(const Source& source, int64_t number) const {
    const auto found = sources_.find(source);
    return found != sources_.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [&](const auto& interval) { return interval.first <= number && number <= interval.last; });
}

bool GtidSet::contains(const GtidSet& other) const {
    for (const auto& [source, wanted] : other.sources_) {
        const auto found = sources_.find(source);
        if (found == sources_.end()) return false;
        for (const auto& interval : wanted) {
            const bool covered = std::any_of(found->second.begin(), found->second.end(), [&](const auto& have) {
                return have.first <= interval.first && interval.last <= have.last;
            });
            if (!covered) return false;
        }
    }
    return true;
}

std::string GtidSet::text() const {
    std::string out;
    const std::string* last_uuid = nullptr;
    for (const auto& [source, intervals] : sources_) {
        const bool same = last_uuid != nullptr && *last_uuid == source.first;
        if (!same) {
            if (last_uuid != nullptr) out += ',';
            out += source.first;
        }
        last_uuid = &source.first;
        if (!source.second.empty()) out += ":" + source.second;
        for (const auto& [first, last] : intervals) {
            out += format(":{}", first);
            if (last != first) out += format("-{}", last);
        }
    }
    return out;
}

std::string GtidSet::wire_bytes() const {
    const bool tagged =
        std::any_of(sources_.begin(), sources_.end(), [](const auto& entry) { return !entry.first.second.empty(); });
    std::string out;
    if (tagged) {  // the format byte stands at both ends of the eight bytes that otherwise hold the count
        out += '\1';
        append_little(out, sources_.size(), 6);
        out += '\1';
    } else {
        append_little(out, sources_.size(), 8);
    }
    for (const auto& [source, intervals] : sources_) {
        append_uuid_bytes(out, source.first);
        if (tagged) {
            out += static_cast<char>(source.second.size() << 1);
            out += source.second;
        }
        append_little(out, intervals.size(), 8);
        for (const auto& [first, last] : intervals) {
            append_little(out, static_cast<uint64_t>(first), 8);
            append_little(out, static_cast<uint64_t>(last) + 1, 8);
        }
    }
    return out;
}

std::optional<MariaDbGtidPosition> MariaDbGtidPosition::parse(std::string_view text) {
    MariaDbGtidPosition position;
    for (const auto& entry : split_list(text)) {
        const auto parts = split(entry, '-');
        if (parts.size() != 3) return std::nullopt;
        const auto domain = parse_int(parts[0]);
        const auto server = parse_int(parts[1]);
        const auto sequence = parse_int(parts[2]);
        if (!domain || !server || !sequence) return std::nullopt;
        position.set(static_cast<uint32_t>(*domain), static_cast<uint32_t>(*server), static_cast<uint64_t>(*sequence));
    }
    return position;
}

bool MariaDbGtidPosition::contains(const MariaDbGtidPosition& other) const {
    return std::all_of(other.domains_.begin(), other.domains_.end(), [&](const auto& entry) {
        const auto own = domains_.find(entry.first);
        return own != domains_.end() && own->second.sequence >= entry.second.sequence;
    });
}

std::string MariaDbGtidPosition::text() const {
    std::string out;
    for (const auto& [domain, last] : domains_) {
        if (!out.empty()) out += ',';
        out += format("{}-{}-{}", domain, last.server_id, last.sequence);
    }
    return out;
}

}  // namespace millrace::binlog
