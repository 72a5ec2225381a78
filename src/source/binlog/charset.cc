#include "source/binlog/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <vector>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

void append_code_point(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 63));
    } else {
        out += static_cast<char>(0xE0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 63));
        out += static_cast<char>(0x80 | (code & 63));
    }
}

/// MySQL's latin1 is Windows-1252 with its five holes mapped to the C1 controls of the same number.
class Latin1Decoder final : public CharsetDecoder {
  public:
    void append_utf8(std::string& out, std::string_view bytes) override {
        static constexpr std::array<unsigned short, 32> kHigh = {
            0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
            0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
            0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            append_code_point(out, byte >= 0x80 && byte < 0xA0 ? kHigh[byte - 0x80u] : byte);
        }
    }
};

class IconvDecoder final : public CharsetDecoder {
  public:
    explicit IconvDecoder(iconv_t handle) : handle_(handle) {}
    ~IconvDecoder() override { iconv_close(handle_); }
    IconvDecoder(const IconvDecoder&) = delete;
    IconvDecoder& operator=(const IconvDecoder&) = delete;

    void append_utf8(std::string& out, std::string_view bytes) override {
        char* from = const_cast<char*>(bytes.data());  // iconv's signature predates const
        size_t from_left = bytes.size();
        iconv(handle_, nullptr, nullptr, nullptr, nullptr);
        while (from_left > 0) {
            const size_t start = out.size();
            out.resize(start + from_left * 3 + 8);
            char* to = out.data() + start;
            size_t to_left = out.size() - start;
            const size_t result = iconv(handle_, &from, &from_left, &to, &to_left);
            out.resize(out.size() - to_left);
            if (result != static_cast<size_t>(-1)) return;
            if (errno == E2BIG) continue;
            out += "\xEF\xBF\xBD";
            ++from;
            --from_left;
        }
    }

  private:
    iconv_t handle_;
};

struct Name {
    std::string_view mysql;
    const char* iconv;  // nullptr: the bytes are UTF-8
};
constexpr Name kNames[] = {
    {"utf8mb4", nullptr},      {"utf8mb3", nullptr},
    {"ascii", nullptr},        {"ucs2", "UCS-2BE"},
    {"utf16", "UTF-16BE"},     {"utf16le", "UTF-16LE"},
    {"utf32", "UTF-32BE"},     {"gbk", "GBK"},
    {"gb2312", "GB2312"},      {"gb18030", "GB18030"},
    {"big5", "BIG5"},          {"sjis", "SHIFT_JIS"},
    {"cp932", "CP932"},        {"ujis", "EUC-JP"},
    {"eucjpms", "EUC-JP-MS"},  {"euckr", "EUC-KR"},
    {"latin2", "ISO-8859-2"},  {"latin5", "ISO-8859-9"},
    {"latin7", "ISO-8859-13"}, {"greek", "ISO-8859-7"},
    {"hebrew", "ISO-8859-8"},  {"koi8r", "KOI8-R"},
    {"koi8u", "KOI8-U"},       {"cp850", "CP850"},
    {"cp852", "CP852"},        {"cp866", "CP866"},
    {"cp1250", "CP1250"},      {"cp1251", "CP1251"},
    {"cp1256", "CP1256"},      {"cp1257", "CP1257"},
    {"tis620", "TIS-620"},     {"armscii8", "ARMSCII-8"},
    {"macroman", "MACINTOSH"}, {"macce", "MAC-CENTRALEUROPE"},
    {"hp8", "HP-ROMAN8"},      {"dec8", "DEC-MCS"},
    {"swe7", "ISO646-SE"},     {"geostd8", "GEORGIAN-ACADEMY"},
};

struct IdRange {
    unsigned first, last;
    const char* charset;
};
/// Collation numbers of both servers that are not utf8mb4; see information_schema.COLLATIONS.
constexpr IdRange kIds[] = {
    {1, 1, "big5"},        {2, 2, "latin2"},      {3, 3, "dec8"},       {4, 4, "cp850"},     {5, 5, "latin1"},
    {6, 6, "hp8"},         {7, 7, "koi8r"},       {8, 8, "latin1"},     {9, 9, "latin2"},    {10, 10, "swe7"},
    {11, 11, "ascii"},     {12, 12, "ujis"},      {13, 13, "sjis"},     {14, 14, "cp1251"},  {15, 15, "latin1"},
    {16, 16, "hebrew"},    {18, 18, "tis620"},    {19, 19, "euckr"},    {20, 20, "latin7"},  {21, 21, "latin2"},
    {22, 22, "koi8u"},     {23, 23, "cp1251"},    {24, 24, "gb2312"},   {25, 25, "greek"},   {26, 26, "cp1250"},
    {27, 27, "latin2"},    {28, 28, "gbk"},       {29, 29, "cp1257"},   {30, 30, "latin5"},  {31, 31, "latin1"},
    {32, 32, "armscii8"},  {33, 33, "utf8mb3"},   {34, 34, "cp1250"},   {35, 35, "ucs2"},    {36, 36, "cp866"},
    {37, 37, "keybcs2"},   {38, 38, "macce"},     {39, 39, "macroman"}, {40, 40, "cp852"},   {41, 42, "latin7"},
    {43, 43, "macce"},     {44, 44, "cp1250"},    {47, 49, "latin1"},   {50, 52, "cp1251"},  {53, 53, "macroman"},
    {54, 55, "utf16"},     {56, 56, "utf16le"},   {57, 57, "cp1256"},   {58, 59, "cp1257"},  {60, 61, "utf32"},
    {62, 62, "utf16le"},   {63, 63, "binary"},    {64, 64, "armscii8"}, {65, 65, "ascii"},   {66, 66, "cp1250"},
    {67, 67, "cp1256"},    {68, 68, "cp866"},     {69, 69, "dec8"},     {70, 70, "greek"},   {71, 71, "hebrew"},
    {72, 72, "hp8"},       {73, 73, "keybcs2"},   {74, 74, "koi8r"},    {75, 75, "koi8u"},   {76, 76, "utf8mb3"},
    {77, 77, "latin2"},    {78, 78, "latin5"},    {79, 79, "latin7"},   {80, 80, "cp850"},   {81, 81, "cp852"},
    {82, 82, "swe7"},      {83, 83, "utf8mb3"},   {84, 84, "big5"},     {85, 85, "euckr"},   {86, 86, "gb2312"},
    {87, 87, "gbk"},       {88, 88, "sjis"},      {89, 89, "tis620"},   {90, 90, "ucs2"},    {91, 91, "ujis"},
    {92, 93, "geostd8"},   {94, 94, "latin1"},    {95, 96, "cp932"},    {97, 98, "eucjpms"}, {99, 99, "cp1250"},
    {101, 124, "utf16"},   {128, 151, "ucs2"},    {159, 159, "ucs2"},   {160, 183, "utf32"}, {192, 215, "utf8mb3"},
    {223, 223, "utf8mb3"}, {248, 250, "gb18030"},
};

}  // namespace

std::string canonical_charset(std::string_view charset) {
    std::string name = lower(charset);
    return name == "utf8" ? "utf8mb3" : name;
}

std::unique_ptr<CharsetDecoder> CharsetDecoder::make(std::string_view charset) {
    const std::string name = canonical_charset(charset);
    if (name == "latin1") return std::make_unique<Latin1Decoder>();
    for (const auto& known : kNames) {
        if (known.mysql != name) continue;
        if (known.iconv == nullptr) return nullptr;
        const iconv_t handle = iconv_open("UTF-8", known.iconv);
        if (handle == reinterpret_cast<iconv_t>(-1))  // NOLINT(performance-no-int-to-ptr): POSIX says so
            throw FatalError(format("The C library cannot convert the character set {} ({}); install its locale data",
                                    name, known.iconv));
        return std::make_unique<IconvDecoder>(handle);
    }
    throw FatalError(format(
        "The character set {} is not known; exclude the column with column.exclude.list or convert it to utf8mb4",
        name));
}

std::string encoded_in_charset(std::string_view charset, std::string_view text) {
    const std::string name = canonical_charset(charset);
    const char* to = name == "latin1" ? "CP1252" : nullptr;
    for (const auto& known : kNames)
        if (known.mysql == name) to = known.iconv;
    if (to == nullptr) return std::string(text);
    const iconv_t handle = iconv_open(to, "UTF-8");
    if (handle == reinterpret_cast<iconv_t>(-1)) return std::string(text);  // NOLINT(performance-no-int-to-ptr)
    std::string out(text.size() * 4 + 8, '\0');
    char* from = const_cast<char*>(text.data());
    char* at = out.data();
    size_t left = text.size();
    size_t room = out.size();
    while (left > 0 && iconv(handle, &from, &left, &at, &room) == static_cast<size_t>(-1) && room > 0) {
        *at++ = '?';
        --room;
        do {
            ++from;
            --left;
        } while (left > 0 && (static_cast<unsigned char>(*from) & 0xC0) == 0x80);
    }
    iconv_close(handle);
    out.resize(out.size() - room);
    return out;
}

std::optional<std::string> charset_of_collation(std::string_view collation) {
    std::string name = lower(collation);
    if (name == "binary") return name;
    std::string set = canonical_charset(name.substr(0, name.find('_')));
    if (set == "latin1" ||
        std::any_of(std::begin(kNames), std::end(kNames), [&](const auto& known) { return known.mysql == set; }))
        return set;
    return std::nullopt;
}

std::string charset_of_collation_id(unsigned id) {
    for (const auto& range : kIds)
        if (id >= range.first && id <= range.last) return range.charset;
    return "utf8mb4";
}

}  // namespace millrace::binlog
