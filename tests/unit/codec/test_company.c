/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "seamfs/codec/company.h"
#include "test.h"

TEST(names_without_legal_form)
{
	static const char *const rows[][2] = {
		{"Northwind Traders, Ltd.", "northwind traders"},
		{"NORTHWIND TRADERS", "northwind traders"},
		{"Tamarind Marine B.V.", "tamarind marine"},
		{"Steinbach Media A/S", "steinbach media"},
		{"Old Mill Consulting sp. z o.o.", "old mill consulting"},
		{"Ernst & Söhne GmbH & Co. KG", "ernst söhne"},
		{"Größler Cycles AG", "grössler cycles"},
		{"O'Neill Print", "oneill print"},
		{"Ltd", "ltd"},
		{"AG Kunst", "ag kunst"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *name = company_name(rows[i][0]);

		check_text(name, rows[i][1]);
		free(name);
	}
}

TEST(domains_of_companies)
{
	static const char *const rows[][2] = {
		{"jane@Northwind.example", "northwind.example"},
		{"https://www.northwind.example/contact?x", "northwind.example"},
		{"http://shop.northwind.example:8080", "shop.northwind.example"},
		{"northwind.example", "northwind.example"},
		{"jane@gmail.com", NULL},
		{"nobody", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *domain = company_domain(rows[i][0]);

		if (rows[i][1])
			check_text(domain, rows[i][1]);
		else
			check(domain == NULL);
		free(domain);
	}
}

TEST_MAIN(TEST_RUN(names_without_legal_form), TEST_RUN(domains_of_companies))
