using System.Globalization;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Whether somebody relays the rows that are due.</summary>
/// <param name="outbox">The outbox.</param>
internal sealed class RelayCheck(IOutboxRepository outbox) : IDoctorCheck
{
    private static readonly TimeSpan Tolerated = TimeSpan.FromMinutes(2);

    /// <inheritdoc />
    public string Name => "relay";

    /// <inheritdoc />
    public string Passed => "No row has been due for more than two minutes.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        var age = await outbox.OldestDueAgeAsync(cancellationToken);
        return age <= Tolerated
            ? []
            :
            [
                Finding.Problem(
                    "relay.behind",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The oldest row that is due has been due for {age.TotalMinutes:0} min: nobody relays, or the relay cannot keep up."),
                    "See whether the schedule is on: aws scheduler list-schedules --group-name NAME --query 'Schedules[].[Name,State]'; "
                    + "ScheduleState=ENABLED in the next deployment switches it on. Then what the relay says: "
                    + "aws logs tail /aws/lambda/NAME-SweepRelay --since 10m (NAME is the stack's name)"),
            ];
    }
}
