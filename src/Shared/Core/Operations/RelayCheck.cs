using System.Globalization;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Whether somebody relays the rows that are due, or has paused the relay or the consumer.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="pauses">Where pauses are kept.</param>
internal sealed class RelayCheck(IOutboxRepository outbox, PauseStore pauses) : IDoctorCheck
{
    private static readonly TimeSpan Tolerated = TimeSpan.FromMinutes(2);

    /// <inheritdoc />
    public string Name => "relay";

    /// <inheritdoc />
    public string Passed => "No row has been due for more than two minutes.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        var paused = await pauses.ListAsync(cancellationToken);
        var age = await outbox.OldestDueAgeAsync(cancellationToken);
        var found = paused.Select(pause => Finding.Warning(
            $"relay.{NameOf(pause.Part)}-paused",
            string.Create(
                CultureInfo.InvariantCulture, $"The {NameOf(pause.Part)} is paused since {pause.Since:u}, by {pause.Caller}: {pause.Reason}"),
            $"To let it work again: relaybox resume {NameOf(pause.Part)} --stack NAME"));
        return age <= Tolerated || paused.Any(pause => pause.Part == PausablePart.Relay)
            ? [.. found]
            :
            [
                .. found,
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

    private static string NameOf(PausablePart part) => part.ToString().ToLowerInvariant();
}
