using System.Globalization;
using System.Text.RegularExpressions;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Model;

/// <summary>
/// The protocol as a model, in every order of its steps, with every mix of so many faults: what is promised holds in each
/// state, and each planted bug is found. See docs/model/README.md. <c>MODEL_FAULTS</c> says how many faults, where the
/// default is not enough.
/// </summary>
public sealed partial class ProtocolModelTests
{
    private const string Outbox = "outbox";
    private const string Inbox = "inbox";
    private const string Wakeup = "wakeup";

    /// <summary>Every configuration; progress is the dearer question, and gets one fault less.</summary>
    public static TheoryData<string, string, int> Configurations => new()
    {
        { Outbox, "", 3 },
        { Outbox, "KEYED", 3 },
        { Outbox, "STREAM", 3 },
        { Inbox, "", 3 },
        { Wakeup, "", 3 },
        { Outbox, "PROGRESS", 2 },
        { Outbox, "KEYED PROGRESS", 2 },
        { Outbox, "STREAM PROGRESS", 2 },
        { Inbox, "PROGRESS", 2 },
        { Wakeup, "PROGRESS", 2 },
    };

    /// <summary>Every planted bug, and the configuration that it is found in.</summary>
    public static TheoryData<string, string, string> Bugs => new()
    {
        { Outbox, "BUG_UNCOMMITTED_READ", "" },
        { Outbox, "BUG_CLAIM_IGNORES_LEASE", "" },
        { Outbox, "BUG_CLAIM_READS_THEN_WRITES", "" },
        { Outbox, "BUG_TOKEN_IS_THE_WORKER", "" },
        { Outbox, "BUG_NO_TAKEOVER", "PROGRESS" },
        { Outbox, "BUG_ID_CURSOR", "PROGRESS" },
        { Outbox, "BUG_MARK_BEFORE_ACK", "" },
        { Outbox, "BUG_FAILED_IS_IGNORED", "" },
        { Outbox, "BUG_LOST_IS_ACCEPTED", "" },
        { Outbox, "BUG_OUTAGE_IS_POISON", "" },
        { Outbox, "BUG_UNFENCED_MARK", "" },
        { Outbox, "BUG_UNFENCED_RETRY", "" },
        { Outbox, "BUG_RESET_BY_ROW_AGE", "" },
        { Outbox, "BUG_CLEANUP_IGNORES_STATUS", "" },
        { Outbox, "BUG_STREAM_RIGHT_IGNORES_CLAIM", "STREAM" },
        { Outbox, "BUG_GHOST_ROW", "STREAM" },
        { Outbox, "BUG_KEY_IGNORES_EARLIER", "KEYED" },
        { Outbox, "BUG_KEY_PUBLISHES_TOGETHER", "KEYED" },
        { Outbox, "BUG_KEY_NUMBERS_WITHOUT_LOCK", "KEYED" },
        { Inbox, "BUG_UNFENCED_COMMIT", "" },
        { Inbox, "BUG_UNFENCED_FAIL", "" },
        { Inbox, "BUG_CLAIM_IGNORES_LEASE", "" },
        { Inbox, "BUG_CLAIM_READS_THEN_WRITES", "" },
        { Inbox, "BUG_PROCESSED_IS_FORGOTTEN", "" },
        { Inbox, "BUG_TOKEN_IS_THE_WORKER", "" },
        { Inbox, "BUG_MARK_ON_CLAIM", "" },
        { Inbox, "BUG_EFFECT_NOT_ENLISTED", "" },
        { Inbox, "BUG_DELETE_ON_RECEIPT", "" },
        { Inbox, "BUG_DELETE_BEFORE_COMMIT", "" },
        { Inbox, "BUG_IN_PROGRESS_IS_DONE", "" },
        { Inbox, "BUG_CLAIM_LOST_IS_DONE", "" },
        { Inbox, "BUG_EXHAUSTED_IS_DROPPED", "" },
        { Inbox, "BUG_FAILURES_READ_AS_SUCCESS", "" },
        { Inbox, "BUG_RESET_BY_RECORD_AGE", "" },
        { Inbox, "BUG_RETENTION_TOO_SHORT", "" },
        { Inbox, "BUG_NO_TAKEOVER", "PROGRESS" },
        { Wakeup, "BUG_LOOKS_BEFORE_IT_ANNOUNCES", "" },
        { Wakeup, "BUG_NO_SECOND_LOOK", "" },
        { Wakeup, "BUG_SLEEPS_UNANNOUNCED", "" },
        { Wakeup, "BUG_WORD_OF_A_SNAPSHOT", "" },
        { Wakeup, "BUG_NO_POLL", "PROGRESS" },
    };

    [Theory, MemberData(nameof(Configurations))]
    public async Task What_is_promised_holds_in_every_state(string model, string configuration, int faults)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("MODEL_FAULTS"), CultureInfo.InvariantCulture, out var asked))
        {
            faults = asked;
        }

        var result = await SpinModel.ExploreAsync(
            model, [$"FAULTS={faults}", .. Words(configuration)], isSmall: false, TestContext.Current.CancellationToken);

        Print(model, $"{configuration} {faults} faults", result);
        Assert.Null(result.Violation);
        Assert.True(result.Complete, "Not every state was explored.");

        Assert.True(result.States > 50_000, $"There are only {result.States} states.");
        if (faults >= 3)
        {
            // Nothing is proven about what never happens.
            Assert.Empty(result.Unreached);
        }
    }

    [Theory, MemberData(nameof(Bugs))]
    public async Task A_planted_bug_is_found(string model, string bug, string configuration)
    {
        // The fewest faults that it takes: fewer states, and a shorter story.
        var faults = -1;
        SpinResult result;
        do
        {
            faults++;
            result = await SpinModel.ExploreAsync(
                model, [$"FAULTS={faults}", bug, .. Words(configuration)], isSmall: true, TestContext.Current.CancellationToken);
        }
        while (result.Violation is null && faults < 3);

        Print(model, $"{configuration} {bug} {faults} faults", result);
        Assert.NotNull(result.Violation);
        Assert.Contains(
            configuration == "PROGRESS" ? "acceptance cycle" : "assertion violated", result.Violation, StringComparison.Ordinal);
    }

    [Theory, InlineData(Outbox), InlineData(Inbox), InlineData(Wakeup)]
    public async Task Every_bug_that_a_model_knows_is_planted(string model)
    {
        var known = Bug().Matches(await SpinModel.ReadAsync(model)).Select(match => match.Value).Distinct(StringComparer.Ordinal);

        Assert.Equal(known.Order(StringComparer.Ordinal), Planted(model).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Planted(string model) =>
        Bugs.Select(row => row.Data).Where(data => data.Item1 == model).Select(data => data.Item2);

    private static string[] Words(string configuration) => configuration.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static void Print(string model, string what, SpinResult result) => Figures.Print(string.Create(
        CultureInfo.InvariantCulture,
        $"model {model,-6} {what.Trim(),-46} {result.States,9} states, depth {result.Depth,3}, "
        + $"{result.Time.TotalSeconds,5:0.0} s, {result.Megabytes,4:0} MB: {result.Violation ?? "holds"}"));

    [GeneratedRegex(@"BUG_[A-Z]+(_[A-Z]+)*")]
    private static partial Regex Bug();
}
