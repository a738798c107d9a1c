// From a constexpr Description to its table. Included by describe.hpp; nobody else needs it.
//
// Only what must know the C++ type is a template here: offsets, and a few captureless functions for
// optionals, sequences, enums and variants. Everything else works on `Type`.
#pragma once

#include "schemas/describe/describe.hpp"

namespace describe::lowering {

template <class T>
concept Described = requires { Description<T>::fields; };
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires { EnumNames<T>::names; };

// Every other type is an error of whoever describes it.
template <class T>
struct Maker {
  static_assert(Described<T> || NamedEnum<T>,
                "a wire type needs a describe::Description, an enum its describe::EnumNames");
};

template <Kind kind>
struct ScalarMaker {
  static const Type& get() {
    static const Type type{.kind = kind};
    return type;
  }
};
template <>
struct Maker<std::string> : ScalarMaker<Kind::String> {};
template <>
struct Maker<std::int64_t> : ScalarMaker<Kind::Integer> {};
template <>
struct Maker<double> : ScalarMaker<Kind::Number> {};
template <>
struct Maker<bool> : ScalarMaker<Kind::Boolean> {};
template <>
struct Maker<Json> : ScalarMaker<Kind::AnyJson> {};

template <NamedEnum E>
struct Maker<E> {
  static const Type& get() {
    static const Type type{
        .kind = Kind::Enum,
        .enum_names = EnumNames<E>::names,
        .enum_get = [](const void* p) { return std::int64_t(*static_cast<const E*>(p)); },
        .enum_set = [](void* p, std::int64_t value) { *static_cast<E*>(p) = E(value); }};
    return type;
  }
};

template <class T>
std::vector<T>& items_of(std::vector<T>& sequence) {
  return sequence;
}
template <class T>
std::vector<T>& items_of(OneOrMany<T>& sequence) {
  return sequence.values;
}

template <class Sequence, class Item, Kind kind>
struct SequenceMaker {
  static_assert(!std::is_same_v<Item, bool>, "std::vector<bool> has no elements to point to");
  static std::vector<Item>& items(const void* p) {
    return items_of(*const_cast<Sequence*>(static_cast<const Sequence*>(p)));
  }
  static const Type& get() {
    static const Type type{
        .kind = kind,
        .element = &type_of<Item>(),
        .sequence = {.size = [](const void* p) { return items(p).size(); },
                     .at = [](const void* p, std::size_t i) -> const void* { return &items(p)[i]; },
                     .append = [](void* p) -> void* { return &items(p).emplace_back(); }}};
    return type;
  }
};
template <class T>
struct Maker<std::vector<T>> : SequenceMaker<std::vector<T>, T, Kind::Array> {};
template <class T>
struct Maker<OneOrMany<T>> : SequenceMaker<OneOrMany<T>, T, Kind::OneOrMany> {};

template <class... T>
struct Maker<std::variant<T...>> {
  static const Type& get() {
    static const std::array<const Type*, sizeof...(T)> alternatives{&type_of<T>()...};
    static const Type type{.kind = Kind::Variant,
                           .alternatives = alternatives,
                           .variant_get = [](const void* p, std::size_t& index) {
                             const auto& held = *static_cast<const std::variant<T...>*>(p);
                             index = held.index();
                             return std::visit(
                                 [](const auto& value) -> const void* { return &value; }, held);
                           }};
    return type;
  }
};

// How a member is present: the value's type, and the access to it inside optional or Patch.
template <class M>
struct MemberTraits {
  using Value = M;
  static constexpr Presence presence = Presence::Required;
  static constexpr PresenceAccess access{};
};
template <class V>
struct MemberTraits<std::optional<V>> {
  using Value = V;
  using M = std::optional<V>;
  static constexpr Presence presence = Presence::Optional;
  static constexpr PresenceAccess access{
      .get = [](const void* p) -> const void* {
        const auto& member = *static_cast<const M*>(p);
        return member ? &*member : nullptr;
      },
      .set = [](void* p) -> void* { return &static_cast<M*>(p)->emplace(); },
      .set_null = [](void* p) { static_cast<M*>(p)->reset(); },
      .is_null = [](const void* p) { return !static_cast<const M*>(p)->has_value(); }};
};
template <class V>
struct MemberTraits<Patch<V>> {
  using Value = V;
  using M = Patch<V>;
  using State = typename M::State;
  static constexpr Presence presence = Presence::Patch;
  static constexpr PresenceAccess access{
      .get = [](const void* p) -> const void* {
        const auto& member = *static_cast<const M*>(p);
        return member.state == State::Value ? &member.value : nullptr;
      },
      .set = [](void* p) -> void* {
        auto& member = *static_cast<M*>(p);
        member.state = State::Value;
        member.value = V{};
        return &member.value;
      },
      .set_null = [](void* p) { static_cast<M*>(p)->state = State::Null; },
      .is_null = [](const void* p) { return static_cast<const M*>(p)->state == State::Null; }};
};

// One row. `probe` is any object of the struct (or of one derived from it): it gives the offset.
template <class T, class Class, class Member>
Field lower_field(const T& probe, const FieldSpec<Class, Member>& spec) {
  using Traits = MemberTraits<Member>;
  const auto* start = reinterpret_cast<const char*>(&probe);
  const auto* member = reinterpret_cast<const char*>(&(probe.*spec.member));
  return {.name = spec.name,
          .type = &type_of<typename Traits::Value>(),
          .presence = Traits::presence,
          .access = Traits::access,
          .offset = std::size_t(member - start),
          .rules = spec.rules};
}

template <class T>
constexpr std::string_view unknown_says() {
  if constexpr (requires { Description<T>::unknown_says; }) {
    return Description<T>::unknown_says;
  } else {
    return {};
  }
}

template <Described T>
struct Maker<T> {
  static const Type& get() {
    static const auto fields = std::apply(
        [](const auto&... spec) {
          [[maybe_unused]] const T probe{};
          return std::array<Field, sizeof...(spec)>{lower_field(probe, spec)...};
        },
        Description<T>::fields);
    static const Type type{.kind = Kind::Object,
                           .name = Description<T>::name,
                           .doc = Description<T>::doc,
                           .unknown_says = unknown_says<T>(),
                           .fields = fields};
    return type;
  }
};

}  // namespace describe::lowering

namespace describe {

template <class T>
const Type& type_of() {
  return lowering::Maker<T>::get();
}

}  // namespace describe
