/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of tools: the vendors' published example signatures where there are such (GitHub's page on validating deliveries, Slack's on
 * verifying requests, the library tests of Standard Webhooks); the others were computed with Python's hmac over the bytes that the
 * vendor's page says are signed. Then each of them altered, late, with another key, and without signature.
 */
#include "seamfs/connect/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

#define NOW INT64_C(1700000000)

/* Manifests of kinds of signature that no tool here has. */
#define MANIFEST(name, webhooks)                                                                             \
	"{\"connector\": \"" name "\", \"format\": 1, \"title\": \"X\", \"docs\": \"d\", \"tested\": \"t\"," \
	"\"settings\": {\"hook_secret\": {\"label\": \"S\", \"secret\": true, \"optional\": true}},"         \
	"\"http\": {\"base\": \"https://x.test\"}, \"check\": {\"get\": \"/me\"}, \"webhooks\": " webhooks   \
	", \"types\": {\"task\": {\"list\": {\"get\": \"/t\", \"records\": \"\"}, \"one\": {\"get\": "       \
	"\"/t/{id}\"}, \"fields\": {\"id\": \"/id\", \"updated\": \"/u\", \"title\": \"/title\"}}}}"
static const struct {
	const char *name, *text;
} manifests[] = {
	{"standard",
		MANIFEST("standard",
			"{\"verify\": {\"hmac\": \"sha256\", \"key\": \"hook_secret\", \"key_as\": "
			"\"base64\", \"id\": \"webhook-id\", \"over\": \"{id}.{time}.{body}\", \"header\": "
			"\"webhook-signature\", \"list\": \" \", \"prefix\": \"v1,\", \"as\": \"base64\", "
			"\"time\": {\"header\": \"webhook-timestamp\"}}, \"id\": {\"header\": "
			"\"webhook-id\"}}")},
	{"slack", MANIFEST("slack",
			  "{\"verify\": {\"hmac\": \"sha256\", \"key\": \"hook_secret\", \"over\": "
			  "\"v0:{time}:{body}\", \"header\": \"X-Slack-Signature\", \"prefix\": \"v0=\", "
			  "\"time\": {\"header\": \"X-Slack-Request-Timestamp\"}}, \"answers\": [{\"at\": "
			  "\"/challenge\"}]}")},
	{"graph",
		MANIFEST("graph",
			"{\"verify\": {\"token\": \"hook_secret\", \"at\": \"/value/0/clientState\"}, "
			"\"answers\": [{\"query\": \"validationToken\"}], \"each\": \"/value\", \"events\": "
			"{\"*\": {\"type\": \"task\", \"id\": \"/resourceData/id\"}}}")},
};

struct message {
	const char *connector, *secret, *method, *target, *body;
	int64_t now_s;
	const char *headers[7]; /* name, value, …, NULL */
	const char *kept;
	const char *want; /* events as "types:id …", then " all" and " #id" */
};

static const struct message messages[] = {
	{"github", "It's a Secret to Everybody", "POST", "/hook", "Hello, World!", NOW,
		{"X-Hub-Signature-256",
			"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
		NULL, " all"},
	{"standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "POST", "/hook", "{\"test\": 2432232314}",
		1614265330,
		{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp", "1614265330",
			"webhook-signature",
			"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x "
			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		NULL, " all #msg_p5jXN8AQM9LWM0D4loKWxJek"},
	{"slack", "8f742231b10e8888abcd99yyyzzz85a5", "POST", "/hook",
		"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
		"G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
		"collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
		"2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
		"803a0bc887a14d10d2c447fce8b6703c",
		1531420618,
		{"X-Slack-Request-Timestamp", "1531420618", "X-Slack-Signature",
			"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
		NULL, " all"},
	{"stripe", "whsec_test", "POST", "/hook",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"data\":{\"object\":{\"id\":\"in_7\","
		"\"object\":\"invoice\"}}}",
		NOW,
		{"Stripe-Signature", "t=1700000000,v1=00,v0=1,"
				     "v1=3fc48fcd314ab5d9bc3e2471fe9ef89fff241a9a1c3a536ae4b58c78960cf214"},
		NULL, "invoice:in_7 #evt_1"},
	{"hubspot", "app-secret", "POST", "/hook/crm/x?a=1",
		"[{\"subscriptionType\":\"deal.propertyChange\",\"objectId\":17},{\"subscriptionType\":"
		"\"company.creation\",\"objectId\":5}]",
		NOW,
		{"X-HubSpot-Signature-v3", "hPKJenud9bkMIQuWMFhV3yRq+Uf2kKb7lxtV/f1IHlg=",
			"X-HubSpot-Request-Timestamp", "1700000000123"},
		NULL, "deal:17 client:5 "},
	{"xero", "xero-key", "POST", "/hook",
		"{\"events\":[{\"resourceId\":\"r-1\",\"eventCategory\":\"INVOICE\",\"eventType\":\"UPDATE\"}"
		",{\"resourceId\":\"r-2\",\"eventCategory\":\"CREDITNOTE\",\"eventType\":\"CREATE\"}],"
		"\"firstEventSequence\":1,\"lastEventSequence\":2,\"entropy\":\"S0m3r4Nd0mt3xt\"}",
		NOW, {"x-xero-signature", "nBffRJMqaUbEmYNxdSkE9rROeZFPUsmS5yiCzCy9Lqs="}, NULL,
		"invoice:r-1 all"},
	{"quickbooks", "verifier", "POST", "/hook",
		"[{\"specversion\":\"1.0\",\"id\":\"e1\",\"type\":\"qbo.invoice.updated.v1\","
		"\"intuitentityid\":\"145\",\"intuitaccountid\":\"9\",\"data\":{}},{\"specversion\":\"1.0\","
		"\"id\":\"e2\",\"type\":\"qbo.customer.created.v1\",\"intuitentityid\":\"42\","
		"\"intuitaccountid\":\"9\",\"data\":{}}]",
		NOW, {"intuit-signature", "Yn4poH/rTSmZji2q/PZ3SKgaNzmo0OjCbja/myyRlZQ="}, NULL,
		"invoice:145 client,project:42 "},
	{"trello", "trello-secret", "POST", "/hook/board/x",
		"{\"action\":{\"id\":\"a1\",\"type\":\"updateCard\",\"data\":{\"card\":{\"id\":\"c1\"},"
		"\"board\":{\"id\":\"b1\"}}}}",
		NOW, {"X-Trello-Webhook", "giNVTP1pmhIfvmoTJ8CP97qCmsU="}, NULL, "task:c1 #a1"},
	{"asana", NULL, "POST", "/hook",
		"{\"events\":[{\"action\":\"changed\",\"resource\":{\"gid\":\"1337\",\"resource_type\":"
		"\"task\"}}]}",
		NOW, {"X-Hook-Signature", "ea041544664f4f2cd966d54305d61d88a66beba19a228de211ca0d50eaf4f21f"},
		"b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81", "task:1337 "},
	{"linear", "lin-secret", "POST", "/hook",
		"{\"action\":\"update\",\"type\":\"Issue\",\"data\":{\"id\":\"i1\"},\"webhookTimestamp\":"
		"1700000000123}",
		NOW,
		{"Linear-Signature", "d8d63485583bf3c6538a9d2d5cce01c11f9e872b05b61d2b63a6c5e3e89f9b34",
			"Linear-Delivery", "d-1"},
		NULL, "task:i1 #d-1"},
	{"notion", NULL, "POST", "/hook",
		"{\"id\":\"n1\",\"type\":\"page.properties_updated\",\"entity\":{\"id\":\"p1\",\"type\":"
		"\"page\"}}",
		NOW,
		{"X-Notion-Signature",
			"sha256=2210da504f5cfed245fbed0f93134db4c0ed2aeb1a73e536ebd284b26cab8b52"},
		"secret_tok", "client,project,task:p1 #n1"},
	{"clickup", "cu-secret", "POST", "/hook",
		"{\"webhook_id\":\"7689a169-a000-4985-8676-6902b96d6627\",\"event\":\"taskCreated\",\"task_"
		"id\":\"c0j\"}",
		NOW, {"X-Signature", "B304768B60661EBF4C96902044DE07763C343EB62DCC0693F9848414E7E355D5"},
		NULL, "task:c0j "},
	{"pipedrive", "pw", "POST", "/hook", "{\"meta\":{\"entity\":\"deal\",\"entity_id\":\"9\"}}", NOW,
		{"Authorization", "Basic dXM6cHc="}, NULL, "deal:9 "},
	{"graph", "state-1", "POST", "/hook",
		"{\"value\":[{\"clientState\":\"state-1\",\"resourceData\":{\"id\":\"t7\"}}]}", NOW, {NULL},
		NULL, "task:t7 "},
};

static char dir[64];

static void write_file(const char *name, const char *text, mode_t mode)
{
	_cleanup_(mem_freep) char *path = str_format("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		abort();
}

static void set_up(void)
{
	snprintf(dir, sizeof(dir), "/tmp/seamfs-hook.XXXXXX");
	if (!mkdtemp(dir))
		abort();
	setenv("SEAMFS_CONNECTORS", dir, 1); /* the others are found beside the sources */
	for (size_t i = 0; i < ARRAY_LEN(manifests); i++) {
		_cleanup_(mem_freep) char *name = str_format("%s.json", manifests[i].name);

		write_file(name, manifests[i].text, 0600);
	}
}

static void tear_down(void)
{
	for (size_t i = 0; i < ARRAY_LEN(manifests); i++) {
		_cleanup_(mem_freep) char *path = str_format("%s/%s.json", dir, manifests[i].name);

		unlink(path);
	}
	_cleanup_(mem_freep) char *secret = str_format("%s/secret", dir);
	unlink(secret);
	rmdir(dir);
}

static struct hook *open_hook(const char *connector, const char *secret)
{
	static cJSON *config;
	struct tool_setup setup = {.name = "crm", .connector = connector, .base_dir = dir, .currency = "EUR"};
	struct hook *hook = NULL;
	struct err e = {0};

	cJSON_Delete(config);
	config = json_stored(secret ? "{\"hook_secret\": {\"file\": \"secret\"}, \"hook_user\": \"us\","
				      "\"hook_password\": {\"file\": \"secret\"}}"
				    : "{}");
	if (secret)
		write_file("secret", secret, 0600);
	setup.config = config;
	check_int(hook_open(&setup, &hook, &e), 0);
	check_text(e.text, "");
	return hook;
}

static const char *header(void *context, const char *name)
{
	const char *const *headers = context;

	for (int i = 0; headers[i]; i += 2) {
		if (strcasecmp(headers[i], name) == 0)
			return headers[i + 1];
	}
	return NULL;
}

static int take(const struct hook *hook, const struct message *m, struct hook_result *ret, struct err *e)
{
	_cleanup_(mem_freep) char *url = str_format("https://hooks.example.com%s", m->target);
	struct hook_request r = {.method = m->method,
		.url = url,
		.target = m->target,
		.body = m->body,
		.len = strlen(m->body),
		.now_ms = m->now_s * 1000,
		.kept = m->kept,
		.header = header,
		.context = (void *)m->headers};

	return hook_take(hook, &r, ret, e);
}

static char *shown(const struct hook_result *r)
{
	struct buf b = BUF_INIT(4096);

	for (size_t i = 0; i < r->count; i++) {
		const char *separator = "";

		for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
			if (!(r->events[i].types >> t & 1))
				continue;
			buf_printf(&b, "%s%s", separator, type_get((enum type_id)t)->name);
			separator = ",";
		}
		buf_printf(&b, ":%s%s", r->events[i].remote, i + 1 < r->count ? " " : "");
	}
	buf_puts(&b, r->all ? " all" : r->id ? "" : " ");
	if (r->id)
		buf_printf(&b, " #%s", r->id);
	return buf_steal(&b);
}

TEST(good_messages)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct hook *hook = open_hook(messages[i].connector, messages[i].secret);
		struct hook_result result = {0};
		struct err e = {0};
		_cleanup_(mem_freep) char *got = NULL;

		check_int(take(hook, &messages[i], &result, &e), 0);
		got = shown(&result);
		check_text(got, messages[i].want);
		check_text(e.text, "");
		hook_result_finish(&result);
		hook_free(hook);
	}
}

static void refused(struct hook *hook, const struct message *m, const char *why)
{
	struct hook_result result = {0};
	struct err e = {0};

	check_int(take(hook, m, &result, &e), -EACCES);
	if (why && !strstr(e.text, why))
		check_text(e.text, why);
	hook_result_finish(&result);
}

TEST(altered_messages)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct hook *hook = open_hook(messages[i].connector, messages[i].secret);
		struct message m = messages[i];
		_cleanup_(mem_freep) char *body = str_dup(m.body);
		_Bool is_signed = strcmp(m.connector, "pipedrive") != 0 && strcmp(m.connector, "graph") != 0;

		body[strlen(body) / 2] ^= 1;
		m.body = body;
		if (is_signed)
			refused(hook, &m, NULL);
		m = messages[i];
		m.headers[0] = "X-Nothing";
		m.headers[2] = m.headers[2] ? "X-Nothing" : NULL;
		m.headers[4] = m.headers[4] ? "X-Nothing" : NULL;
		if (strcmp(m.connector, "graph") != 0)
			refused(hook, &m, NULL);
		hook_free(hook);
	}
}

TEST(another_key)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct message m = messages[i];
		struct hook *hook = open_hook(m.connector, m.secret ? "d3JvbmcA" : NULL);

		if (m.kept)
			m.kept = "wrong";
		refused(hook, &m, NULL);
		hook_free(hook);
		/* And without one: what cannot be checked is not believed. */
		hook = open_hook(m.connector, NULL);
		m.kept = NULL;
		check(hook_lacks(hook) || messages[i].kept || hook_registers(hook));
		refused(hook, &m, "not known here");
		hook_free(hook);
	}
}

TEST(late_messages)
{
	static const char *const timed[] = {"standard", "slack", "stripe", "hubspot", "linear"};

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		for (size_t t = 0; t < ARRAY_LEN(timed); t++) {
			struct message m = messages[i];
			struct hook *hook;

			if (strcmp(m.connector, timed[t]) != 0)
				continue;
			hook = open_hook(m.connector, m.secret);
			m.now_s += 301;
			refused(hook, &m, "too long ago");
			m.now_s -= 602;
			refused(hook, &m, "in the future");
			hook_free(hook);
		}
	}
}

static const struct message handshakes[] = {
	{"asana", NULL, "POST", "/hook", "", NOW, {"X-Hook-Secret", "b537207f20cb"}, NULL,
		"X-Hook-Secret=b537207f20cb keep=b537207f20cb"},
	{"trello", "s", "HEAD", "/hook", "", NOW, {NULL}, NULL, ""},
	{"notion", NULL, "POST", "/hook", "{\"verification_token\":\"secret_tok\"}", NOW, {NULL}, NULL,
		"keep=secret_tok"},
	{"slack", "s", "POST", "/hook",
		"{\"token\":\"J\",\"challenge\":\"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P\","
		"\"type\":\"url_verification\"}",
		NOW, {NULL}, NULL, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"},
	{"graph", "s", "POST", "/hook?validationToken=Validation%3A+Testing%20client", "", NOW, {NULL}, NULL,
		"Validation: Testing client"},
};

TEST(handshakes_are_answered)
{
	for (size_t i = 0; i < ARRAY_LEN(handshakes); i++) {
		struct hook *hook = open_hook(handshakes[i].connector, handshakes[i].secret);
		struct hook_result r = {0};
		struct err e = {0};
		struct buf b = BUF_INIT(4096);

		check_int(take(hook, &handshakes[i], &r, &e), 0);
		check(r.handshake);
		check_int(r.count, 0);
		check(!r.all);
		buf_puts(&b, buf_text(&r.body));
		if (r.header)
			buf_printf(&b, "%s=%s ", r.header, r.value);
		if (r.keep)
			buf_printf(&b, "keep=%s", r.keep);
		check_text(buf_text(&b), handshakes[i].want);
		buf_finish(&b);
		hook_result_finish(&r);
		hook_free(hook);
	}
}

/* Whoever knows the address cannot replace the secret that was agreed on. */
TEST(a_second_handshake)
{
	struct hook *hook = open_hook("asana", NULL);
	struct message m = handshakes[0];

	m.kept = "another";
	refused(hook, &m, "another secret");
	hook_free(hook);
}

/* Nothing goes back that a browser or a terminal might obey. */
TEST(an_echo_is_plain)
{
	struct hook *hook = open_hook("graph", "s");
	struct message m = handshakes[4];

	m.target = "/hook?validationToken=a%0d%0ab";
	refused(hook, &m, NULL);
	m.target = "/hook?validationToken=a%00b";
	refused(hook, &m, NULL);
	m.target = "/hook?validationTokens=a";
	refused(hook, &m, NULL);
	hook_free(hook);
}

/* A driver has no words: who knows the address may say that something changed. */
TEST(a_tool_without_words)
{
	struct hook *hook = open_hook("csv", NULL);
	struct hook_result r = {0};
	struct message m = {"csv", NULL, "POST", "/hook", "{\"anything\": 1}", NOW, {NULL}, NULL, NULL};

	check_int(take(hook, &m, &r, NULL), 0);
	check(r.all);
	check_int(r.count, 0);
	check(!hook_lacks(hook));
	hook_result_finish(&r);
	hook_free(hook);
}

/* What is about comments is none of our records. */
TEST(what_is_ignored)
{
	struct hook *hook = open_hook("github", "It's a Secret to Everybody");
	struct hook_result r = {0};
	struct message m = messages[0];

	m.headers[2] = "X-GitHub-Event";
	m.headers[3] = "ping";
	m.headers[4] = "X-GitHub-Delivery";
	m.headers[5] = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
	m.body = "{\"zen\":\"x\"}";
	m.headers[1] = "sha256=eb1372a523dc74783f89c0f177a5ab15fc608b4720b33e697cee863f8b0d0d51";
	check_int(take(hook, &m, &r, NULL), 0);
	check(!r.all && !r.handshake);
	check_int(r.count, 0);
	check_text(r.id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
	hook_result_finish(&r);
	hook_free(hook);
}

int main(void)
{
	static const struct test_case cases[] = {TEST_RUN(good_messages), TEST_RUN(altered_messages),
		TEST_RUN(another_key), TEST_RUN(late_messages), TEST_RUN(handshakes_are_answered),
		TEST_RUN(a_second_handshake), TEST_RUN(an_echo_is_plain), TEST_RUN(a_tool_without_words),
		TEST_RUN(what_is_ignored)};
	int r;

	set_up();
	r = test_run_all(cases, ARRAY_LEN(cases));
	tear_down();
	return r;
}
