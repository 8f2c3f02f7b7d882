using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Relaybox.Events;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Outbox;

// The form of MySQL and MariaDB: PostgreSQL's, but for NUL in a payload and for times.
public sealed partial class RowContractSchemaTests
{
    private const string MySqlRow = "mysqlRow";

    [Fact]
    public void Schema_and_code_accept_the_same_events_for_MySQL() => Agree(
        MySqlRow, outboxEvent => RowContract.Check(outboxEvent) is null, AsRow);

    [Fact]
    public void The_apps_columns_of_the_MySQL_table_are_those_of_the_schema()
    {
        var table = File.ReadAllText(RepositoryRoot.Combine("src", "Shared", "MySql", "Schema", "Tables", "0001_outbox.sql"));
        var columns = Regex.Matches(table[..table.IndexOf("    row_id", StringComparison.Ordinal)], "^    ([a-z_]+) ", RegexOptions.Multiline);
        Assert.Equal(Schema.PropertiesOf(MySqlRow).Order(), columns.Select(column => column.Groups[1].Value).Order());
        Assert.Equal(Schema.PropertiesOf(Row).Order(), Schema.PropertiesOf(MySqlRow).Order());
    }

    [Theory]
    [InlineData("\"2026-01-01 00:00:00\"", true)]
    [InlineData("\"2026-01-01 00:00:00.000001\"", true)]
    [InlineData("\"2026-01-01 00:00:00.5\"", true)]
    [InlineData("\"2026-01-01T00:00:00Z\"", false)]
    [InlineData("\"2026-01-01 00:00:00+01:00\"", false)]
    [InlineData("\"2026-01-01 00:00:00.0000001\"", false)]
    [InlineData("\"2026-01-01 00:00:00\\n\"", false)]
    [InlineData("1767225600000", false)]
    [InlineData("null", false)]
    public void A_time_in_MySQL_has_no_offset(string time, bool valid)
    {
        foreach (var column in new[] { "enqueued_at", "available_at" })
        {
            var row = AsRow(Sample.Event());
            row[column] = JsonNode.Parse(time);
            Assert.Equal(valid, Schema.Accepts(MySqlRow, row));
        }
    }
}
