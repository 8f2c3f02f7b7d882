using System.Globalization;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Whether something waits for an operator: parked rows, ordering keys behind one, dead letters.</summary>
/// <param name="desk">Where the same counts are asked for as the status.</param>
internal sealed class ParkedCheck(OperatorDesk desk) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => "parked";

    /// <inheritdoc />
    public string Passed => "No row is parked, and no dead letter waits.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        var status = await desk.StatusAsync(cancellationToken);
        var found = new List<Finding>();
        if (status.Counts?.GetValueOrDefault(OutboxStatusText.Failed) is > 0 and var rows)
        {
            found.Add(Finding.Warning(
                $"{Name}.rows",
                $"{Count(rows, "row is", "rows are")} parked: sent only when somebody redrives {(rows == 1 ? "it" : "them")}.",
                "To see why, and what can be done: relaybox list --stack NAME"));
        }

        if (status.BlockedKeys is > 0 and var keys)
        {
            found.Add(Finding.Warning(
                $"{Name}.keys",
                $"{Count(keys, "ordering key is", "ordering keys are")} blocked by a parked row: the later rows of the key wait.",
                "Redrive the parked row, or let its key go on without it: relaybox skip id:EVENT_ID --stack NAME"));
        }

        if (status.DeadLetterCount is > 0 and var letters)
        {
            found.Add(Finding.Warning(
                $"{Name}.dead-letters",
                $"About {Count(letters, "message is a dead letter", "messages are dead letters")}: handled only when somebody sends "
                + $"{(letters == 1 ? "it" : "them")} back.",
                "To see them: relaybox dead-letters --stack NAME"));
        }

        return found;
    }

    private static string Count(long count, string one, string many) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");
}
