/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger connector: our transactions among those of people. */
#include <errno.h>
#include <sys/stat.h>

#include "unit/connect/csv_rig.h"

#define ONE "{'connector': 'ledger', 'file': 'all.journal', 'create': true}"
#define YEAR                                                                                                 \
	"{'connector': 'ledger', 'file': '{year}.journal', 'accounts': {'methods': {'card': "                \
	"'Assets:Card'}}}"
#define BEAN "{'connector': 'ledger', 'file': 'all.beancount', 'create': true, 'syntax': 'beancount'}"

#define INVOICE                                                                                              \
	"{'number': 'INV-1', 'client': {'name': 'Northwind; Traders'}, 'status': 'sent', 'issue_date': "     \
	"'2026-11-03', 'due_date': '2026-12-03', 'currency': 'EUR', 'net': 10000, 'tax': 1900, 'total': "    \
	"11900}"

#define HAND                                                                                                 \
	"; mine\r\n\r\n2026-01-01 * Opening  ; hand-written\r\n    Assets:Bank   1,000.00 EUR\r\n"           \
	"    Equity:Opening\r\n\r\n2026-01-02 ! Odd\r\n\tAssets:Bank\t10 EUR @ 1.10 USD\r\n\tIncome:FX\r\n"

static void begin(struct rig *rig, const char *config)
{
	rig_start(rig);
	check_int(rig_open(rig, ledger_open, config), 0);
	if (!rig->link) {
		printf("# %s\n", rig->e.text);
		exit(1);
	}
}

#define HEAD "; The transactions with the tag \"seam\" are kept by seamfs; all else is yours.\n"
#define BOOKED                                                                                               \
	"2026-11-03 * (INV-1) Northwind Traders\n"                                                           \
	"    ; seam: invoice/key-9\n"                                                                        \
	"    ; status: sent\n"                                                                               \
	"    ; due: 2026-12-03\n"                                                                            \
	"    ; payee: \"Northwind; Traders\"\n"                                                              \
	"    Assets:Receivable                              119.00 EUR\n"                                    \
	"    Income:Sales                                  -100.00 EUR\n"                                    \
	"    Liabilities:Tax                                -19.00 EUR\n"
#define REMOTE                                                                                               \
	"key-9 {\"number\":\"INV-1\",\"client\":{\"name\":\"Northwind; Traders\"},\"status\":\"sent\","      \
	"\"issue_date\":\"2026-11-03\",\"due_date\":\"2026-12-03\",\"currency\":\"EUR\",\"net\":10000,"      \
	"\"tax\":1900,\"total\":11900}\n"

TEST(an_invoice_is_a_transaction)
{
	struct rig rig;

	begin(&rig, ONE);
	check_call(create(&rig, TYPE_INVOICE, INVOICE), REMOTE);
	check_file(&rig, "all.journal", HEAD "\n" BOOKED);
	/* The same create again makes no second one. */
	check_call(create(&rig, TYPE_INVOICE, INVOICE), REMOTE);
	check_file(&rig, "all.journal", HEAD "\n" BOOKED);
	check_call(find(&rig, TYPE_INVOICE, INVOICE, 0), REMOTE);
	check_list(&rig, TYPE_INVOICE, REMOTE);
	check_list(&rig, TYPE_PAYMENT, "");
	rig_stop(&rig);
}

TEST(what_does_not_count_is_a_comment)
{
	struct rig rig;

	begin(&rig, ONE);
	free(create(&rig, TYPE_INVOICE, INVOICE));
	free(update(&rig, TYPE_INVOICE, "key-9", "{'status': 'void'}", NULL));
	check_file(&rig, "all.journal",
		HEAD "\n; 2026-11-03 * (INV-1) Northwind Traders\n"
		     ";     ; seam: invoice/key-9\n"
		     ";     ; status: void\n"
		     ";     ; due: 2026-12-03\n"
		     ";     ; payee: \"Northwind; Traders\"\n"
		     ";     Assets:Receivable                              119.00 EUR\n"
		     ";     Income:Sales                                  -100.00 EUR\n"
		     ";     Liabilities:Tax                                -19.00 EUR\n");
	free(update(&rig, TYPE_INVOICE, "key-9", "{'status': 'sent'}", NULL));
	check_file(&rig, "all.journal", HEAD "\n" BOOKED);
	/* A draft may lack what a booking needs. */
	check_call(update(&rig, TYPE_INVOICE, "key-9",
			   "{'status': 'draft', 'issue_date': null, 'total': null}", NULL),
		"key-9 {\"number\":\"INV-1\",\"client\":{\"name\":\"Northwind; "
		"Traders\"},\"status\":\"draft\","
		"\"issue_date\":null,\"due_date\":\"2026-12-03\",\"currency\":null,\"net\":null,\"tax\":null,"
		"\"total\":null}\n");
	check_call(update(&rig, TYPE_INVOICE, "key-9", "{'status': 'sent', 'total': 1}", NULL),
		"EINVAL: without issue_date this invoice cannot be booked");
	check_int(rig.link->ops->remove(rig.link, TYPE_INVOICE, "key-9", &rig.e), 0);
	check_file(&rig, "all.journal", HEAD "\n");
	rig_stop(&rig);
}

TEST(what_people_write_stays)
{
	struct rig rig;

	begin(&rig, ONE);
	rig_write(&rig, "all.journal",
		HAND "2026-11-03 ! (INV-1) Northwind\r\n    ; seam: invoice/key-9\r\n    ; mine: too\r\n    "
		     "; a remark\r\n"
		     "    ; status: sent\r\n    Assets:Receivable:Northwind  $1,190.00\r\n    "
		     "Income:Consulting\r\n\r\n; the end");
	check_list(&rig, TYPE_INVOICE,
		"key-9 {\"number\":\"INV-1\",\"client\":{\"name\":\"Northwind\"},\"status\":\"sent\","
		"\"issue_date\":\"2026-11-03\",\"due_date\":null,\"currency\":\"USD\",\"net\":119000,"
		"\"tax\":null,\"total\":119000}\n");
	free(update(&rig, TYPE_INVOICE, "key-9", "{'status': 'paid'}", NULL));
	check_file(&rig, "all.journal",
		HAND "2026-11-03 ! (INV-1) Northwind\r\n    ; seam: invoice/key-9\r\n    ; mine: too\r\n"
		     "    ; status: paid\r\n    ; a remark\r\n"
		     "    Assets:Receivable:Northwind                   1190.00 USD\r\n"
		     "    Income:Consulting                            -1190.00 USD\r\n\r\n; the end");
	check_call(create(&rig, TYPE_PAYMENT,
			   "{'number': 'P1', 'date': '2026-12-01', 'amount': 119000, 'fee': 350, 'currency': "
			   "'USD', "
			   "'invoice': {'id': 'key-9', 'name': 'INV-1'}}"),
		"key-9 "
		"{\"number\":\"P1\",\"client\":null,\"invoice\":{\"name\":\"INV-1\"},\"date\":\"2026-12-01\","
		"\"method\":null,\"reference\":null,\"currency\":\"USD\",\"amount\":119000,\"fee\":350}\n");
	rig_stop(&rig);
}

TEST(what_a_record_cannot_hold_is_left_alone)
{
	static const char text[] =
		"2026-11-03 Rate\n    ; seam: entry/key-9\n    Assets:A  10 EUR @ 1.1 USD\n    Assets:B\n";
	struct rig rig;

	begin(&rig, ONE);
	rig_write(&rig, "all.journal", text);
	check_list(&rig, TYPE_ENTRY,
		"key-9 "
		"{\"description\":\"Rate\",\"date\":\"2026-11-03\",\"client\":null,\"reference\":null}\n");
	check_call(update(&rig, TYPE_ENTRY, "key-9", "{'reference': 'x'}", NULL),
		"EPERM: all.journal line 1 has amounts that were written by hand and that a record cannot "
		"hold: "
		"change it there");
	check_file(&rig, "all.journal", text);
	rig_stop(&rig);
}

/* "1.000,00" and "1,234" are other amounts to other programs. */
TEST(an_amount_that_can_be_two_is_none)
{
	static const struct {
		const char *config, *file, *amount, *seen;
	} cases[] = {
		{ONE, "all.journal", "1.000,00 EUR", "null"},
		{ONE, "all.journal", "1,234 EUR", "null"},
		{ONE, "all.journal", "1,234. EUR", "123400"},
		{ONE, "all.journal", "1,234,567 EUR", "123456700"},
		{BEAN, "all.beancount", "1,234 EUR", "123400"},
		{BEAN, "all.beancount", "1.000,00 EUR", "null"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_Bool bean = strcmp(cases[i].config, BEAN) == 0;
		_cleanup_(mem_freep) char *text = str_format(
			"2026-11-03 * \"A\"\n    %sseam: \"payment/key-9\"\n    Assets:Bank  %s\n    "
			"Assets:Receivable\n",
			bean ? "" : "; ", cases[i].amount);
		const char *number;
		struct remote ret;
		struct rig rig;

		begin(&rig, cases[i].config);
		rig_write(&rig, cases[i].file, text);
		check_int(rig.link->ops->get(rig.link, TYPE_PAYMENT, "key-9", &ret, &rig.e), 0);
		number = json_scalar(json_get(ret.doc, "amount"));
		check_text(number ? number : "null", cases[i].seen);
		remote_finish(&ret);
		rig_stop(&rig);
	}
}

TEST(a_year_is_a_file)
{
	struct rig rig;

	begin(&rig, YEAR);
	free(create(&rig, TYPE_PAYMENT,
		"{'number': 'P1', 'date': '2025-12-31', 'amount': 500, 'method': 'card'}"));
	free(update(&rig, TYPE_PAYMENT, "key-9", "{'date': '2026-01-02'}", NULL));
	check_file(&rig, "2025.journal", HEAD "\n");
	check_file(&rig, "2026.journal",
		HEAD "\n2026-01-02 * (P1)\n    ; seam: payment/key-9\n    ; method: card\n"
		     "    Assets:Card                                      5.00 EUR\n"
		     "    Assets:Receivable                               -5.00 EUR\n");
	check_list(&rig, TYPE_PAYMENT,
		"key-9 {\"number\":\"P1\",\"client\":null,\"invoice\":null,\"date\":\"2026-01-02\","
		"\"method\":\"card\",\"reference\":null,\"currency\":\"EUR\",\"amount\":500,\"fee\":null}\n");
	rig_stop(&rig);
}

TEST(an_entry_has_its_own_lines)
{
	static const char entry[] =
		"{'description': '2 (rent) * 3', 'date': '2026-02-01', 'currency': 'JPY', "
		"'reference': 'V [1]', 'client': {'name': 'A: b'}, 'lines': [{'account': 'Expenses:Rent', "
		"'amount': 90000, 'memo': 'Feb'}, {'account': 'Assets:Bank', 'amount': -90000, 'memo': 'x: "
		"[1]'}]}";
	static const char doc[] =
		"key-9 {\"description\":\"2 (rent) * 3\",\"date\":\"2026-02-01\",\"client\":{\"name\":\"A: "
		"b\"},"
		"\"reference\":\"V [1]\",\"currency\":\"JPY\",\"lines\":[{\"account\":\"Expenses:Rent\","
		"\"amount\":90000,\"memo\":\"Feb\"},{\"account\":\"Assets:Bank\",\"amount\":-90000,"
		"\"memo\":\"x: [1]\"}]}\n";
	struct rig rig;

	begin(&rig, ONE);
	check_call(create(&rig, TYPE_ENTRY, entry), doc);
	rig_stop(&rig);
	begin(&rig, BEAN);
	check_call(create(&rig, TYPE_ENTRY, entry), doc);
	check_call(update(&rig, TYPE_ENTRY, "key-9", "{'lines': [{'account': 'rent', 'amount': 0}]}", NULL),
		"EINVAL: lines: \"rent\" is no account for beancount: it has to be like Expenses:Rent, below "
		"Assets, Liabilities, Equity, Income or Expenses, each part with a capital");
	rig_stop(&rig);
}

TEST(another_program_is_not_overtaken)
{
	_cleanup_json_ cJSON *changes = json("{'status': 'paid'}");
	struct remote one, ret;
	struct rig rig;

	begin(&rig, ONE);
	free(create(&rig, TYPE_INVOICE, INVOICE));
	check_int(rig.link->ops->get(rig.link, TYPE_INVOICE, "key-9", &one, &rig.e), 0);
	remote_finish(&one);
	rig_write(&rig, "all.journal",
		"2026-11-03 * (INV-1) Other\n    ; seam: invoice/key-9\n    ; status: sent\n");
	check_int(
		rig.link->ops->update(rig.link, TYPE_INVOICE, "key-9", changes, NULL, &ret, &rig.e), -EAGAIN);
	check_int(rig.e.retry, ERR_NOW);
	check_file(&rig, "all.journal",
		"2026-11-03 * (INV-1) Other\n    ; seam: invoice/key-9\n    ; status: sent\n");
	rig_stop(&rig);
}

TEST(bad_settings_are_refused)
{
	struct rig rig;

	rig_start(&rig);
	check_int(rig_open(&rig, ledger_open, "{'file': 'a', 'syntax': 'gnucash'}"), -EINVAL);
	check_text(rig.e.text, "/syntax: \"syntax\" has to be \"hledger\", \"ledger\" or \"beancount\"");
	check_int(rig_open(&rig, ledger_open, "{'file': '{year}/a'}"), -EINVAL);
	check_int(rig_open(&rig, ledger_open, "{'file': 'a', 'accounts': {'bank': 'Assets:Bank  2'}}"),
		-EINVAL);
	check_text(rig.e.field, "/accounts");
	check_int(rig_open(&rig, ledger_open, "{'file': 'a', 'accounts': {'till': 'Assets:Till'}}"), -EINVAL);
	check_text(rig.e.text, "/accounts: unknown key \"till\"");
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(an_invoice_is_a_transaction), TEST_RUN(what_does_not_count_is_a_comment),
	TEST_RUN(what_people_write_stays), TEST_RUN(what_a_record_cannot_hold_is_left_alone),
	TEST_RUN(an_amount_that_can_be_two_is_none), TEST_RUN(a_year_is_a_file),
	TEST_RUN(an_entry_has_its_own_lines), TEST_RUN(another_program_is_not_overtaken),
	TEST_RUN(bad_settings_are_refused))
