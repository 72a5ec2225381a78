#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The text forms of PostgreSQL's containers.
namespace millrace::postgres::text_format {

/// `"k"=>"v", "n"=>NULL`, in the order written. Nothing if the text is none.
using Entries = std::vector<std::pair<std::string, std::optional<std::string>>>;
std::optional<Entries> parse_hstore(std::string_view text);

/// Reads `{a,"b,c",NULL,{…}}` front to back (PostgreSQL manual, "Array Input and Output Syntax"). Bounds before it
/// ("[0:1]={…}") are passed over.
class ArrayReader {
  public:
    enum class Token { Open, Close, Null, Value, End, Damaged };

    explicit ArrayReader(std::string_view text);

    /// A Value's text, without quotes and escapes, is put into `value`.
    Token next(std::string& value);
    /// Of the token that next() has just given: does it follow another in its array?
    bool needs_comma() const { return needs_comma_; }

  private:
    Token element(std::string& value);

    std::string_view rest_;
    int depth_ = 0;
    bool has_begun_ = false;
    bool follows_ = false;  ///< An element precedes in the current array.
    bool needs_comma_ = false;
};

}  // namespace millrace::postgres::text_format
