/* SPDX-License-Identifier: Apache-2.0 */
/* What a new tool needs to be told: from --set, from the person, from standard input; and where its secrets are kept. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/tool.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/secret.h"

/* ---- --set KEY=VALUE ---- */

/* Keys of every tool's object that one may want to set at once. */
static const char *const common_keys[] = {"base", "poll", "send", "cost", "verified"};

static int unknown_key(const struct connector_needs *needs, const char *key, struct err *e)
{
	_cleanup_(buf_finish) struct buf known = BUF_INIT(300);
	const cJSON *setting;

	cJSON_ArrayForEach (setting, needs->settings)
		buf_printf(&known, "%s, ", setting->string);
	return err_set(e, EINVAL, "%s has no setting \"%.60s\"; there are %sbase, poll, send, cost, verified",
		needs->title, key, buf_text(&known));
}

/* "pass show x" or ["pass", "show x"] as a list of texts; NULL when it is none. */
static cJSON *command_words(const char *text)
{
	_cleanup_(mem_freep) char *copy = str_dup(text);
	cJSON *words = NULL;
	char *rest, *word;

	if (text[0] == '[')
		return json_parse(text, strlen(text), JSON_STRICT, &words, NULL, NULL) == 0 ? words : NULL;
	words = cJSON_CreateArray();
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		cJSON_AddItemToArray(words, cJSON_CreateString(word));
	return words;
}

/* file:PATH, command:PROGRAM ARGUMENT …, credential:NAME as stack.json has them; given. NULL: none of these. */
static cJSON *secret_source(const char *value)
{
	static const char *const forms[] = {"file", "credential", "command"};
	const char *rest = strchr(value, ':');
	cJSON *source = cJSON_CreateObject(), *words;

	for (size_t i = 0; rest && i < ARRAY_LEN(forms); i++) {
		if (strlen(forms[i]) != (size_t)(rest - value) ||
			strncmp(value, forms[i], strlen(forms[i])) != 0)
			continue;
		words = strcmp(forms[i], "command") == 0 ? command_words(rest + 1)
							 : cJSON_CreateString(rest + 1);
		if (!words)
			break;
		json_set(source, forms[i], words);
		return source;
	}
	cJSON_Delete(source);
	return NULL;
}

static int take_set(const char *given, const struct connector_needs *needs, cJSON *config, struct err *e)
{
	const char *equals = strchr(given, '=');
	_cleanup_(mem_freep) char *key = mem_dup(given, equals ? (size_t)(equals - given) : strlen(given));
	const cJSON *setting = json_get(needs->settings, key);
	_Bool known = setting != NULL;
	cJSON *value;

	for (size_t i = 0; i < ARRAY_LEN(common_keys); i++)
		known |= strcmp(key, common_keys[i]) == 0;
	if (!equals)
		return err_set(e, EINVAL, "--set wants KEY=VALUE, and \"%.60s\" has no \"=\"", key);
	if (!known)
		return unknown_key(needs, key, e);
	if (json_get(config, key))
		return err_set(e, EINVAL, "--set %s=… is there twice", key);
	if (!cJSON_IsTrue(json_get(setting, "secret"))) {
		json_set_text(config, key, equals + 1);
		return 0;
	}
	value = secret_source(equals + 1);
	/* What was given may be the secret itself: it is in no sentence. */
	if (!value)
		return err_set(e, EINVAL,
			"\"%s\" is a secret, and others can see a command line: --set %s=file:PATH, "
			"%s=command:PROGRAM …, or without it from standard input",
			key, key, key);
	json_set(config, key, value);
	return 0;
}

/* ---- asking ---- */

static char *prompt_of(const cJSON *setting, _Bool optional, const char *otherwise)
{
	const char *label = json_get_text(setting, "label");

	if (otherwise)
		return str_format("%s\n  %s [%s]: ", label, setting->string, otherwise);
	return str_format("%s\n  %s%s: ", label, setting->string, optional ? " (Enter: without)" : "");
}

/* One answer. @ret is NULL when the connector can do without. */
static int ask_setting(const struct options *o, const cJSON *setting, char **ret, struct err *e)
{
	_Bool secret = cJSON_IsTrue(json_get(setting, "secret"));
	_Bool optional = cJSON_IsTrue(json_get(setting, "optional"));
	const char *otherwise = json_get_text(setting, "default");
	_cleanup_(mem_freep) char *prompt = prompt_of(setting, optional, otherwise);
	int r;

	*ret = NULL;
	if ((optional || otherwise) && (!ask_terminal() || o->yes))
		return 0;
	if (!secret && !ask_terminal())
		return err_set(e, EINVAL, "--set %s=… is missing: %s", setting->string,
			json_get_text(setting, "label"));
	do {
		secret_wipe_text(*ret);
		*ret = NULL;
		r = ask_line(prompt, secret, ret, e);
	} while (r == 0 && !**ret && !optional && !otherwise && ask_terminal());
	if (r == -ENODATA)
		return err_set(e, EINVAL, "\"%s\" is missing: %s; one line of standard input was wanted",
			setting->string, json_get_text(setting, "label"));
	if (r == 0 && !**ret) {
		free(*ret);
		*ret = NULL;
		if (!optional && !otherwise)
			return err_set(e, EINVAL, "\"%s\" is empty: %s", setting->string,
				json_get_text(setting, "label"));
	}
	return r;
}

int tool_ask(const struct options *o, const struct connector_needs *needs, const char *connector,
	struct tool_answers *ret, struct err *e)
{
	cJSON *given = cJSON_CreateObject();
	const cJSON *setting;
	int r = 0;

	ret->config = cJSON_CreateObject();
	ret->secrets = mem_alloc(((size_t)cJSON_GetArraySize(needs->settings) + 1) * sizeof(*ret->secrets));
	json_set_text(ret->config, "connector", connector);
	for (int i = 0; r == 0 && i < o->set_count; i++)
		r = take_set(o->sets[i], needs, given, e);
	cJSON_ArrayForEach (setting, needs->settings) {
		cJSON *known = cJSON_DetachItemFromObjectCaseSensitive(given, setting->string);
		char *text = NULL;

		if (known)
			json_set(ret->config, setting->string, known);
		else if (r == 0)
			r = ask_setting(o, setting, &text, e);
		if (text && cJSON_IsTrue(json_get(setting, "secret")))
			ret->secrets[ret->count++] = (struct tool_secret){setting->string, text, 0};
		else if (text)
			json_set_text(ret->config, setting->string, text);
		if (text && !cJSON_IsTrue(json_get(setting, "secret")))
			free(text);
	}
	while (given->child) {
		cJSON *rest = cJSON_DetachItemViaPointer(given, given->child);
		_cleanup_(mem_freep) char *key = str_dup(rest->string);

		json_set(ret->config, key, rest);
	}
	cJSON_Delete(given);
	return r;
}

void tool_answers_finish(struct tool_answers *a)
{
	for (size_t i = 0; i < a->count; i++)
		secret_wipe_text(a->secrets[i].text);
	free(a->secrets);
	cJSON_Delete(a->config);
	*a = (struct tool_answers){0};
}

/* ---- keeping secrets ---- */

enum { WORDS = 16 };

/* Where one is kept; everything is given. */
struct shelf {
	char *file;					 /* KEEP_FILE: below the folder of stack.json */
	char *store[WORDS], *fetch[WORDS], *drop[WORDS]; /* commands of the others */
};

static void fill(char **to, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		to[i] = str_dup(words[i]);
}

/* Two stacks may have tools of one name, so what is outside of the stack's folder is named by the stack, too. */
static struct shelf shelf_of(
	const struct options *o, const struct stack *stack, const char *name, const char *key)
{
	_cleanup_(mem_freep) char *word = config_stack_word(stack);
	_cleanup_(mem_freep) char *path = str_format("seamfs/%s/%s/%s", word, name, key);
	_cleanup_(mem_freep) char *label = str_format("--label=seamfs: %s of %s", key, name);
	struct shelf s = {0};

	if (o->keep == KEEP_PASS) {
		fill(s.store, (const char *const[]){"pass", "insert", "--multiline", "--force", path, NULL});
		fill(s.fetch, (const char *const[]){"pass", "show", path, NULL});
		fill(s.drop, (const char *const[]){"pass", "rm", "--force", path, NULL});
	} else if (o->keep == KEEP_SECRET_TOOL) {
		fill(s.store, (const char *const[]){"secret-tool", "store", label, "application", "seamfs",
				      "stack", word, "tool", name, "key", key, NULL});
		fill(s.fetch, (const char *const[]){"secret-tool", "lookup", "application", "seamfs", "stack",
				      word, "tool", name, "key", key, NULL});
		fill(s.drop, (const char *const[]){"secret-tool", "clear", "application", "seamfs", "stack",
				     word, "tool", name, "key", key, NULL});
	} else {
		s.file = str_format("secrets/%s.%s", name, key);
	}
	return s;
}

static void shelf_finish(struct shelf *s)
{
	free(s->file);
	for (int i = 0; i < WORDS; i++) {
		free(s->store[i]);
		free(s->fetch[i]);
		free(s->drop[i]);
	}
}

static cJSON *reference(const struct shelf *s)
{
	cJSON *source = cJSON_CreateObject();
	cJSON *words;

	if (s->file) {
		json_set_text(source, "file", s->file);
		return source;
	}
	words = cJSON_CreateArray();
	for (int i = 0; s->fetch[i]; i++)
		cJSON_AddItemToArray(words, cJSON_CreateString(s->fetch[i]));
	json_set(source, "command", words);
	return source;
}

int tool_keep(const struct options *o, const struct stack *stack, const char *name, struct tool_answers *a,
	struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->count; i++) {
		struct shelf s = shelf_of(o, stack, name, a->secrets[i].key);
		_cleanup_(mem_freep) char *path = s.file ? path_join(stack->base_dir, s.file) : NULL;

		r = path ? secret_keep_file(path, a->secrets[i].text, e)
			 : secret_keep_command(s.store, a->secrets[i].text, e);
		a->secrets[i].kept = r == 0;
		if (r == 0)
			json_set(a->config, a->secrets[i].key, reference(&s));
		shelf_finish(&s);
	}
	return r;
}

void tool_forget(const struct options *o, const struct stack *stack, const char *name, struct tool_answers *a)
{
	struct err e = {0};

	for (size_t i = 0; i < a->count; i++) {
		struct shelf s = shelf_of(o, stack, name, a->secrets[i].key);
		_cleanup_(mem_freep) char *path = s.file ? path_join(stack->base_dir, s.file) : NULL;

		if (a->secrets[i].kept && path)
			unlink(path);
		else if (a->secrets[i].kept && secret_keep_command(s.drop, NULL, &e) < 0)
			fail(EXIT_FAILED, &e);
		a->secrets[i].kept = 0;
		shelf_finish(&s);
	}
	/* Only when nothing else is in it. */
	if (o->keep == KEEP_FILE) {
		_cleanup_(mem_freep) char *dir = path_join(stack->base_dir, "secrets");

		(void)rmdir(dir);
	}
}
