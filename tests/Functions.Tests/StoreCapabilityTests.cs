using System.Text.RegularExpressions;
using Relaybox.Functions.Hosting;
using Relaybox.Outbox;
using Relaybox.Settings;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>The table of <c>docs/guarantees.md</c> promises what the code says that each store can do, and names a test for each promise.</summary>
public partial class StoreCapabilityTests
{
    private static readonly Dictionary<string, string> Columns = new(StringComparer.Ordinal)
    {
        ["dynamodb"] = "DynamoDB", ["postgres"] = "PostgreSQL", ["mysql"] = "MySQL, MariaDB", ["mongodb"] = "MongoDB", ["redis"] = "Redis, Valkey",
    };

    // Each row of the table, and the word in bold that a capability stands for.
    private static readonly Dictionary<string, Func<StoreCapabilities, string>> Rows = new(StringComparer.Ordinal)
    {
        ["row and business data in one transaction"] = store => Word(store.Transactions),
        ["number 10, order per key"] = store => YesOrNo(store.KeepsOrder),
        ["leases and due times by the clock of the"] = store => Word(store.Clock),
        ["a relay that waits learns of a row by"] = store => Word(store.WakeUp),
        ["an acknowledged write, when the primary is lost, is"] = store => store.Failover switch
        {
            FailoverDurability.AsConfigured => "kept as configured",
            FailoverDurability.MayBeLost => "possibly lost",
            _ => Word(store.Failover),
        },
        ["sent rows are"] = store => string.Join(", ", store.SentRows.Select(Word)) switch
        {
            "keep" => "kept", "keep, delete" => "kept or deleted", "keep, delete, archive" => "kept, deleted or archived", var other => other,
        },
        ["rows stay locked while they are published"] = store => YesOrNo(store.LocksRows),
        ["a handler's effects in the mark's transaction are"] = store => Word(store.HandlerEffects),
    };

    public static TheoryData<string> Stores => [.. BuiltIn.Stores.Select(store => store.Name)];

    [Theory]
    [MemberData(nameof(Stores))]
    public void The_guarantees_promise_what_the_code_says_of_the_store(string name)
    {
        var capabilities = BuiltIn.Stores.Single(store => store.Name == name).Capabilities;
        var cells = Cells(Columns[name]);
        foreach (var (row, word) in Rows)
        {
            Assert.True(cells.TryGetValue(row, out var cell), $"The table lacks the row '{row}'.");
            Assert.StartsWith($"**{word(capabilities)}**", cell, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Each_promise_names_a_test_that_exists_or_says_that_there_is_none(string name)
    {
        var tests = Directory.EnumerateFiles(RepositoryRoot.Combine("tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(Path.GetFileNameWithoutExtension).ToHashSet(StringComparer.Ordinal);
        var cells = Cells(Columns[name]);
        foreach (var row in Rows.Keys)
        {
            string[] named = [.. TestName().Matches(cells[row]).Select(match => match.Groups[1].Value)];
            Assert.True(
                named.Length > 0 ? named.All(tests.Contains) : cells[row].Contains("not tested", StringComparison.Ordinal),
                $"{name}, '{row}': the cell names no test that exists: {cells[row]}");
        }
    }

    [Fact]
    public void Every_store_can_keep_what_was_sent() =>
        Assert.All(BuiltIn.Stores, store => Assert.Equal(AfterSending.Keep, store.Capabilities.SentRows[0]));

    // The cells of one column, by the first cell of their row.
    private static Dictionary<string, string> Cells(string column)
    {
        var lines = File.ReadLines(RepositoryRoot.Combine("docs/guarantees.md"))
            .SkipWhile(line => line != "## What each store promises").SkipWhile(line => !line.StartsWith('|'))
            .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)).ToList();
        var index = Array.IndexOf(lines[0], column);
        Assert.True(index > 0, $"The table lacks the column '{column}'.");
        return lines.Skip(2).ToDictionary(cells => cells[0], cells => cells[index], StringComparer.Ordinal);
    }

    private static string YesOrNo(bool value) => value ? "yes" : "no";

    // HashTag: hash tag.
    private static string Word<T>(T value)
        where T : struct, Enum => WordStart().Replace($"{value}", " $0").Trim().ToLowerInvariant();

    [GeneratedRegex("`([A-Za-z]+Tests)`")]
    private static partial Regex TestName();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex WordStart();
}
