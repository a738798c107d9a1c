#include <catch2/catch.hpp>

#include "core/templates/render/render.hpp"

TEST_CASE("smoke") { REQUIRE(true); }
