using System.Globalization;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>
/// Whether something waits for an operator: parked rows, ordering keys behind one, dead letters. Shelved rows wait for nobody. It looks at a
/// bounded number of rows.
/// </summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
/// <param name="letters">The dead letters; null where nothing names them, and where the system has no consumer of its own.</param>
internal sealed class ParkedCheck(IOutboxRepository outbox, IOutboxOperations rows, DeadLetterDesk? letters = null) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => "parked";

    /// <inheritdoc />
    public string Passed => letters is null ? "No row is parked." : "No row is parked, and no dead letter waits.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        var page = await rows.ReadAsync(OutboxStatus.Failed, null, null, SelectedRows.PageSize, cancellationToken);
        var isWhole = page.Rows.Count < SelectedRows.PageSize;
        var found = new List<Finding>();
        if (page.Rows.Count(row => row.ShelvedAt is null) is > 0 and var parked)
        {
            found.Add(Finding.Warning(
                $"{Name}.rows",
                $"{Count(parked, isWhole, "row is", "rows are")} parked: sent only when somebody redrives {(parked == 1 ? "it" : "them")}.",
                "To see why, and what can be done: relaybox list --stack NAME"));
        }

        if (outbox.KeepsOrder && page.CountBlockedKeys() is > 0 and var keys)
        {
            found.Add(Finding.Warning(
                $"{Name}.keys",
                $"{Count(keys, isWhole, "ordering key is", "ordering keys are")} blocked by a parked row: the later rows of the key wait.",
                "Redrive the parked row, or let its key go on without it: relaybox skip id:EVENT_ID --stack NAME"));
        }

        var (dead, problem) = letters is null ? (null, null) : await letters.TryCountAsync(cancellationToken);
        if (dead > 0)
        {
            found.Add(Finding.Warning(
                $"{Name}.dead-letters",
                $"About {Count(dead.Value, true, "message is a dead letter", "messages are dead letters")}: handled only when somebody sends "
                + $"{(dead == 1 ? "it" : "them")} back.",
                "To see them: relaybox dead-letters --stack NAME"));
        }
        else if (problem is not null)
        {
            found.Add(Finding.Unknown($"{Name}.dead-letters", $"How many dead letters there are is unknown. {problem}"));
        }

        return found;
    }

    private static string Count(long count, bool isWhole, string one, string many) =>
        string.Create(CultureInfo.InvariantCulture, $"{(isWhole ? "" : "At least ")}{count:N0} {(count == 1 ? one : many)}");
}
