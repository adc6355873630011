/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/vocabulary.h"

#include <stddef.h>

#define WORDS(...)                                                                                           \
	(const struct word[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__,                                                                                 \
		{                                                                                            \
			0                                                                                    \
		}                                                                                            \
	}
#define CHOICES(...)                                                                                         \
	.choices = (const char *const[])                                                                     \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define NEEDED .needed = 1

/* clang-format off */
#define REQUEST \
	{"get", PATH}, {"post", PATH}, {"put", PATH}, {"patch", PATH}, {"delete", PATH}, \
	{"query", MAP, .each = TEMPLATE}, {"headers", MAP, .each = TEMPLATE}, {"body", BODY}, \
	{"as", CHOICE, CHOICES("json", "form")}
#define RECORD {"wrap", POINTER}, {"set", CONSTANTS, .each = BODY}
#define ANSWER \
	{"returns", CHOICE, CHOICES("record", "nothing", "id")}, {"record", POINTER}, {"id", POINTER}
#define SUBSCRIPTION {"secret", POINTER}, {"until", POINTER}, {"lasts", TIME}
#define WHEN {"when", MAP, .each = SCALARS}
#define LISTING {"records", POINTER, NEEDED}, {"only", CONSTANTS, .each = BODY}, {"empty", SCALARS}, {"brief", BOOL}

static const struct word page_words[] = {
	{"by", CHOICE, NEEDED, CHOICES("none", "offset", "page", "cursor", "link", "last_id")},
	{"param", TEXT}, {"size", TEXT}, {"max", COUNT}, {"first", COUNT},
	{"total", POINTER}, {"pages", POINTER}, {"more", POINTER}, {"last", POINTER}, {"next", POINTER},
	{"then", OBJECT, .words = WORDS(REQUEST)}, {"drop", SCALARS},
	{0},
};

const struct word field_words[] = {
	{"at", POINTERS}, {"to", POINTER},
	{"as", CHOICE, CHOICES("text", "int", "decimal", "decimal-text", "minor", "date", "datetime", "unix",
		"unix-date", "unix_ms", "msdate", "date-parts", "seconds", "milliseconds", "minutes", "clock", "duration", "bool", "lines",
		"tags", "comma")},
	{"item", POINTER}, {"ref", TEXT}, {"by", CHOICE, CHOICES("name")}, {"lookup", TEXT},
	{"values", MAP, .each = SCALARS}, {"write", CHOICE, CHOICES("never", "create", "step")},
	{"send", OBJECT, .words = WORDS(REQUEST)}, {"with", CONSTANTS},
	{"need", BOOL}, {"slug", TEXT}, {"empty", SCALARS}, {"clear", CLEAR}, {"zone", CHOICE, CHOICES("local")}, {"fields", FIELDS},
	{0},
};

const struct word step_words[] = {
	REQUEST,
	{"choose", OBJECT, .words = WORDS(REQUEST, {"records", POINTER, NEEDED}, {"name", POINTERS, NEEDED},
		{"id", POINTER, NEEDED})},
	{0},
};

const struct word type_words[] = {
	{"list", OBJECT, NEEDED, .words = WORDS(REQUEST, LISTING, {"each", TEXT})},
	{"one", OBJECT, NEEDED, .words = WORDS(REQUEST, {"record", PLACE})},
	{"many", OBJECT, .words = WORDS(REQUEST, {"records", POINTER, NEEDED}, {"max", COUNT, NEEDED},
		{"to", POINTER}, {"item", POINTER})},
	{"create", OBJECT, .words = WORDS(REQUEST, RECORD, ANSWER, {"ignored", CHOICE, CHOICES("update")})},
	{"update", OBJECT, .words = WORDS(REQUEST, RECORD, ANSWER, WHEN,
		{"send", CHOICE, CHOICES("changed", "full", "whole")})},
	{"delete", OBJECT, .words = WORDS(REQUEST, RECORD, WHEN,
		{"means", CHOICE, NEEDED, CHOICES("archive", "trash", "void", "erase")})},
	{"restore", OBJECT, .words = WORDS(REQUEST, RECORD, ANSWER)},
	{"once", OBJECT, .words = WORDS(
		{"by", CHOICE, NEEDED, CHOICES("find", "unique", "id", "header", "query", "ref")},
		{"find", OBJECT, .words = WORDS(REQUEST, {"records", POINTER}, {"record", POINTER},
			{"only", CONSTANTS, .each = BODY}, {"empty", SCALARS}, {"page", OBJECT, .words = page_words})},
		{"to", POINTER}, {"name", TEXT}, {"keep", TIME})},
	{"changes", OBJECT, .words = WORDS({"by", CHOICE, NEEDED, CHOICES("since", "events", "scan")},
		{"query", MAP, .each = TEMPLATE}, {"headers", MAP, .each = TEMPLATE}, {"body", BODY},
		{"list", OBJECT, .words = WORDS(REQUEST, LISTING, {"each", TEXT},
			{"page", OBJECT, .words = page_words})},
		{"as", CHOICE, CHOICES("datetime", "date", "unix", "unix_ms", "minutes-ago")},
		{"id", POINTER}, {"event", POINTER}, {"at", POINTER}, {"keep", TIME}, {"grain", TIME}, {"overlap", TIME})},
	{"removed", OBJECT, .words = WORDS(REQUEST, LISTING, {"id", POINTER},
		{"page", OBJECT, .words = page_words})},
	{"gone", OBJECT, .words = WORDS({"at", POINTER, NEEDED}, {"is", SCALARS, NEEDED})},
	{"guard", OBJECT, .words = WORDS({"at", POINTER}, {"to", POINTER}, {"header", TEXT})},
	{"page", OBJECT, .words = page_words},
	{"steps", STEPS},
	{"url", ADDRESS},
	{"labels", MAP, .each = TEXT},
	{"fields", FIELDS, NEEDED, .words = field_words},
	{0},
};

static const struct word auth_words[] = {
	{"bearer", TEMPLATE},
	{"basic", OBJECT, .words = WORDS({"user", TEMPLATE, NEEDED}, {"password", TEMPLATE, NEEDED})},
	{"query", MAP, .each = TEMPLATE},
	{"oauth2", OBJECT, .words = WORDS({"grant", CHOICE, NEEDED, CHOICES("code", "client", "jwt")},
		{"authorize", TEMPLATE}, {"token", TEMPLATE, NEEDED}, {"scopes", SCALARS}, {"pkce", BOOL},
		{"client", CHOICE, CHOICES("basic", "post")}, {"redirect", TEXT},
		{"params", MAP, .each = TEMPLATE}, {"keep", MAP, .each = POINTER}, {"key", TEXT},
		{"scheme", TEXT})},
	{"login", OBJECT, .words = WORDS(REQUEST, {"token", POINTER, NEEDED},
		{"header", MAP, NEEDED, .each = TEMPLATE})},
	{"hmac", OBJECT, .words = WORDS({"key", TEMPLATE, NEEDED}, {"sign", TEMPLATE, NEEDED},
		{"hash", CHOICE, CHOICES("sha1", "sha256", "sha512")}, {"as", CHOICE, CHOICES("hex", "base64")},
		{"header", MAP, NEEDED, .each = TEMPLATE})},
	{0},
};

static const struct word hook_words[] = {
	{"verify", OBJECT, .words = WORDS({"hmac", CHOICE, CHOICES("sha1", "sha256", "sha512")}, {"key", TEXT},
		{"key_as", CHOICE, CHOICES("text", "base64")}, {"over", TEXT}, {"id", TEXT}, {"header", TEXT}, {"list", TEXT},
		{"prefix", TEXT}, {"as", CHOICE, CHOICES("hex", "base64")},
		{"time", OBJECT, .words = WORDS({"header", TEXT}, {"list", TEXT}, {"prefix", TEXT}, {"at", POINTER},
			{"as", CHOICE, CHOICES("unix", "unix_ms", "datetime")})},
		{"tolerance", TIME}, {"token", TEXT}, {"query", TEXT}, {"at", POINTER}, {"user", TEXT}, {"password", TEXT})},
	{"answers", LIST, .words = WORDS({"method", CHOICE, CHOICES("head", "get")}, {"header", TEXT}, {"query", TEXT},
		{"at", POINTER}, {"json", TEXT}, {"keep", BOOL})},
	{"id", OBJECT, .words = WORDS({"header", TEXT}, {"at", POINTER})},
	{"each", POINTER},
	{"event", OBJECT, .words = WORDS({"header", TEXT}, {"at", POINTER})},
	{"events", MAP, .each = OBJECT, .words = WORDS({"type", SCALARS, NEEDED}, {"id", POINTER, NEEDED})},
	{"ignore", SCALARS},
	{"register", OBJECT, .words = WORDS(REQUEST, SUBSCRIPTION, {"id", POINTER, NEEDED})},
	{"renew", OBJECT, .words = WORDS(REQUEST, SUBSCRIPTION, {"id", POINTER})}, {"remove", OBJECT, .words = WORDS(REQUEST)},
	{0},
};

const struct word manifest_words[] = {
	{"$schema", TEXT}, {"connector", TEXT, NEEDED}, {"format", COUNT, NEEDED}, {"title", TEXT, NEEDED},
	{"docs", SCALARS, NEEDED}, {"tested", SCALARS, NEEDED},
	{"settings", MAP, .each = OBJECT, .words = WORDS({"label", TEXT, NEEDED}, {"secret", BOOL},
		{"optional", BOOL}, {"default", TEXT})},
	{"http", OBJECT, NEEDED, .words = WORDS({"base", TEMPLATE, NEEDED},
		{"headers", MAP, .each = TEMPLATE}, {"auth", OBJECT, .words = auth_words},
		{"body", CHOICE, CHOICES("json", "form")})},
	{"check", OBJECT, NEEDED, .words = WORDS(REQUEST, {"me", POINTER})},
	{"page", OBJECT, .words = page_words},
	{"limits", OBJECT, .words = WORDS({"calls", COUNT}, {"per", TIME}, {"remaining", TEXT},
		{"reset", TEXT}, {"reset_as", CHOICE, CHOICES("seconds", "unix", "unix_ms", "datetime")},
		{"retry_after", TEXT})},
	{"errors", LIST, .words = WORDS({"status", SCALARS}, {"at", POINTER}, {"is", SCALARS}, {"text", TEXT},
		{"means", CHOICE, CHOICES("retry", "slow", "stale", "gone", "exists", "rejected", "auth",
			"quota", "large", "forbidden", "ok")},
		{"message", POINTERS}, {"field", POINTER})},
	{"lookups", MAP, .each = OBJECT, .words = WORDS(REQUEST, {"records", POINTER, NEEDED},
		{"id", POINTER, NEEDED}, {"name", POINTERS, NEEDED}, {"page", OBJECT, .words = page_words})},
	{"webhooks", OBJECT, .words = hook_words},
	{"types", MAP, NEEDED, .each = OBJECT, .words = type_words},
	{0},
};
/* clang-format on */
