#include "app/template_file.hpp"

#include <tuple>

#include "schemas/describe/parse.hpp"

namespace segmentflow::app {

struct TemplateFile {
  std::optional<std::string> id;
  std::optional<std::string> key;
  std::string name;
  std::optional<std::string> purpose;
  std::optional<std::string> language;
  describe::Json definition;
};

}  // namespace segmentflow::app

template <>
struct describe::Description<segmentflow::app::TemplateFile> {
  using T = segmentflow::app::TemplateFile;
  static constexpr std::string_view name = "TemplateFile";
  static constexpr std::string_view doc = "A template to import.";
  static constexpr auto fields = std::tuple{
      describe::field("id", &T::id, {.doc = "The template's id.", .format = Format::Uuid}),
      describe::field("key", &T::key, {.doc = "Its key.", .length_min = 1, .length_max = 100}),
      describe::field("name", &T::name, {.doc = "Its name.", .length_min = 1, .length_max = 200}),
      describe::field("purpose", &T::purpose, {.doc = "Its purpose."}),
      describe::field("language", &T::language,
                      {.doc = "Its language.", .length_min = 2, .length_max = 35}),
      describe::field("definition", &T::definition,
                      {.doc = "Subject, sender and body.",
                       .json_kind = JsonKind::Object,
                       .json_bytes_max = segmentflow::kTemplateDefinitionBytesMax,
                       .json_depth_max = 64}),
  };
};

namespace segmentflow::app {

Result<NewTemplate> read_template_file(std::string_view text) {
  auto json = describe::parse_json(text);
  if (!json) return fail(ErrorCode::ValidationFailed, json.error().message);
  TemplateFile file;
  if (auto problems = describe::read(*json, file); !problems.empty()) {
    return fail(ErrorCode::ValidationFailed, "The file is not a template.", std::move(problems));
  }
  NewTemplate wanted;
  if (file.id) wanted.id = Uuid::parse(*file.id);
  wanted.key = file.key;
  wanted.name = file.name;
  wanted.purpose = file.purpose.value_or("Transactional");
  wanted.language = file.language.value_or("en");
  auto definition = check_definition(file.definition);
  if (!definition) return tl::unexpected(std::move(definition.error()));
  wanted.definition = std::move(*definition);
  return wanted;
}

}  // namespace segmentflow::app
