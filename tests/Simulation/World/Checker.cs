using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

/// <summary>
/// The safety invariants, checked in the moment in which something changes. It keeps a ledger of its own and believes nobody:
/// neither the code under test nor the models.
/// </summary>
internal sealed class Checker(
    SimLoop loop, WorldOptions options, Func<DateTimeOffset> storeNow, RelayOptions relay,
    int maxAttempts, MaintenanceOptions maintenance)
    : IOutboxWatcher, IInboxWatcher
{
    private readonly Dictionary<string, List<Fate>> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _swallowed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Written> _planned = new(StringComparer.Ordinal);

    internal Dictionary<string, Fate> Fates { get; } = new(StringComparer.Ordinal);

    /// <summary>Both clocks that meet may be off.</summary>
    internal TimeSpan Tolerance { get; } = options.MaxSkew * 2;

    /// <summary>How often what happened: a run in which nothing happens proves nothing.</summary>
    internal Dictionary<string, long> Counts { get; } = new(StringComparer.Ordinal);

    internal void Plan(Written written) => _planned[written.Event.EventId] = written;

    internal Fate Of(string eventId) => Fates.TryGetValue(eventId, out var fate)
        ? fate
        : throw new InvariantException("S3", $"'{eventId}' was never committed");

    /// <summary>The consumers that have to handle an event.</summary>
    internal static IReadOnlyList<string> ConsumersOf(string subject) =>
        subject.StartsWith("orders.", StringComparison.Ordinal) ? ["billing", "shipping"] : ["billing"];

    /// <summary>What a consumer's record is called in the ledger: a replay that has the event handled again has one of its own.</summary>
    internal static string NameOf(string consumer, string replayId) => replayId.Length == 0 ? consumer : $"{consumer}~{replayId}";

    public void Inserted(TableRow row)
    {
        var written = _planned.GetValueOrDefault(row.EventId) ?? new Written(row.ToEvent());
        Require(!written.RollsBack, "S3", $"the rolled back '{row.EventId}' is in the table");
        var fate = new Fate(written);
        Fates.Add(row.EventId, fate);
        Count("written");
        if (row.OrderingKey is { } key)
        {
            (_keys.TryGetValue(key, out var line) ? line : _keys[key] = []).Add(fate);
        }
    }

    void IOutboxWatcher.Claimed(TableRow row)
    {
        var fate = Touch(row);
        Require(fate.FinishedAt is null, "S1", $"the finished '{row.EventId}' was claimed");
        Require(fate.Owner is null || IsOver(fate.LeaseUntil), "S6", $"'{row.EventId}' was claimed while the lease of another runs");
        fate.Owner = row.Token;

        // Where the store's clock decides, it is known when the lease has to end.
        fate.LeaseUntil = options.IsMongo ? storeNow() + relay.Lease : row.DueAt!.Value;
        fate.Unfinished++;
        Count("claims");
    }

    void IOutboxWatcher.Locked(TableRow row)
    {
        var fate = Touch(row);
        Require(fate.FinishedAt is null, "S1", $"the finished '{row.EventId}' was locked");
        Require(fate.Owner is null, "S6", $"'{row.EventId}' was locked, and belongs to {fate.Owner}");
        Count("locked");
    }

    public void Marked(TableRow row, OutboxStatus status, ClaimToken token)
    {
        var fate = Touch(row);
        Require(fate.Owner == token.Value, "S6", $"'{row.EventId}' became {status} under {token}, and belongs to {fate.Owner ?? "nobody"}");
        Require(fate.FinishedAt is null, "S1", $"the finished '{row.EventId}' became {status}");
        Count(status.ToString());
        fate.Owner = null;
        switch (status)
        {
            case OutboxStatus.Sent:
                Require(fate.IsAcknowledged, "S2", $"'{row.EventId}' is sent, and no acknowledgement of it has come");
                fate.FinishedAt = loop.Now;
                break;
            case OutboxStatus.Failed:
                CheckParked(row, fate);
                fate.FinishedAt = loop.Now;
                break;
            default:
                Require(row.Attempts <= fate.Refusals, "S9", $"'{row.EventId}' has {row.Attempts} attempts, and {fate.Refusals} answers refused it");
                break;
        }

        fate.Unfinished = 0;
    }

    public void Answered(IReadOnlyList<TableRow> rows, string token)
    {
        var told = rows.Select(row => row.EventId).ToHashSet(StringComparer.Ordinal);
        foreach (var (eventId, fate) in Fates)
        {
            Require(
                told.Contains(eventId) == (fate.Owner == token),
                "S6",
                $"of '{eventId}', which belongs to {fate.Owner ?? "nobody"}, a worker is {(told.Contains(eventId) ? "" : "not ")}told under {token}");
        }
    }

    public void GivenBack(TableRow row, string token)
    {
        var fate = Touch(row);
        Require(fate.Owner == token, "S6", $"'{row.EventId}' was given back under {token}, and belongs to {fate.Owner ?? "nobody"}");
        fate.Owner = null;
        fate.Unfinished--;
        Count("given back");
    }

    void IOutboxWatcher.Reset(TableRow row)
    {
        var fate = Touch(row);
        Require(IsOver(fate.LeaseUntil), "S6", $"the claim of '{row.EventId}' was reset while its lease runs");
        fate.Owner = null;
    }

    void IOutboxWatcher.Deleted(TableRow row)
    {
        var fate = Touch(row);
        Require(
            fate.FinishedAt is { } at && loop.Now - at >= maintenance.SentRetention - Tolerance,
            "S8",
            $"'{row.EventId}', {row.Status}, was deleted {(fate.FinishedAt is { } when ? loop.Now - when : null)} after it was finished");
        fate.IsDeleted = true;
        Count("cleaned");
    }

    public void Acting(TableRow row, RowAction action)
    {
        var fate = Touch(row);
        Count($"operators {action}");
        switch (action)
        {
            case RowAction.Redrive:
                // What it is parked for next must have happened since.
                fate.FinishedAt = null;
                fate.Unfinished = fate.Refusals = 0;
                fate.IsRejected = false;
                break;
            case RowAction.Skip:
                fate.IsSkipped = true;
                break;
            case RowAction.Purge:
                fate.IsDeleted = true;
                break;
        }
    }

    /// <summary>The broker takes a copy of an event.</summary>
    internal void Published(OutboxEvent e)
    {
        var fate = Of(e.EventId);
        var written = fate.Written.Event;
        if (e.ReplayId.Length > 0)
        {
            Require(fate.IsAcknowledged, "S12", $"'{e.EventId}' is replayed, and no acknowledgement of it had come");
            RequireSame(written, e, "at the broker");
            Count(fate.Replays.TryAdd(e.ReplayId, loop.Now) ? "replayed" : "replayed again");
            return;
        }

        Count(fate.Copies == 0 ? "published" : "published again");
        Require(!fate.Written.IsBad && !fate.Written.IsForeign, "S9", $"'{e.EventId}', which may not be published, was");
        RequireSame(written, e, "at the broker");
        Require(
            !(written.AvailableAt > loop.Now + Tolerance), "S1", $"'{e.EventId}' was published before its time");
        fate.PublishedAt = fate.Copies == 0 ? loop.Now : fate.PublishedAt;
        if (fate.Copies++ == 0 && options.KeepsOrder && written.OrderingKey is { } key)
        {
            var first = _keys[key].TakeWhile(earlier => earlier != fate)
                .FirstOrDefault(earlier => earlier.Copies == 0 && !earlier.IsSkipped && !earlier.Written.IsForeign);
            Require(first is null, "S7", $"'{e.EventId}' was published before '{first?.Written.Event.EventId}' of the same key");
        }
    }

    void IInboxWatcher.Claimed(RecordState record)
    {
        var (fate, name) = (Of(record.EventId), NameOf(record.Consumer, record.Key.ReplayId));
        Require(!fate.Successes.ContainsKey(name), "S4", $"'{record.EventId}' was claimed for {name} after it was processed");
        Require(
            !fate.Holders.ContainsKey(name) || IsOver(fate.Leases[name]),
            "S6",
            $"'{record.EventId}' was claimed for {name} while the lease of another runs");
        fate.Holders[name] = record.Token!;
        fate.Leases[name] = record.LeaseUntil!.Value;
        fate.Failures.Remove(name);
        Count("inbox claims");
    }

    public void Processed(RecordState record, string token, int effects)
    {
        var (fate, name) = (Of(record.EventId), NameOf(record.Consumer, record.Key.ReplayId));
        Require(
            fate.Holders.GetValueOrDefault(name) == token,
            "S6",
            $"'{record.EventId}' was processed for {name} by who had lost it");
        Require(fate.Successes.TryAdd(name, loop.Now), "S4", $"'{record.EventId}' succeeded twice for {name}");
        Require(effects == 1, "S5", $"'{record.EventId}' has {effects} effects for {name}");
        Count("successes");
    }

    public void Failed(RecordState record, string token)
    {
        var (fate, name) = (Of(record.EventId), NameOf(record.Consumer, record.Key.ReplayId));
        Require(fate.Holders.GetValueOrDefault(name) == token, "S6", $"'{record.EventId}' failed for {name} by who had lost it");
        fate.Holders.Remove(name);
        fate.Failures[name] = loop.Now;
    }

    void IInboxWatcher.Reset(RecordState record)
    {
        var (fate, name) = (Of(record.EventId), NameOf(record.Consumer, record.Key.ReplayId));
        Require(
            !fate.Leases.TryGetValue(name, out var until) || IsOver(until),
            "S6",
            $"the claim of '{record.EventId}' for {name} was reset while its lease runs");
        fate.Holders.Remove(name);
        fate.Failures[name] = loop.Now;
    }

    public void AttemptsGivenBack(RecordState record)
    {
        // Who had found it exhausted may say so later.
        Of(record.EventId).WasExhausted |= record.Deliveries >= maxAttempts;
        Count("attempts given back");
    }

    void IInboxWatcher.Deleted(RecordState record)
    {
        var (fate, name) = (Of(record.EventId), NameOf(record.Consumer, record.Key.ReplayId));
        var (at, retention) = fate.Successes.TryGetValue(name, out var success)
            ? (success, maintenance.ProcessedRetention)
            : (fate.Failures.GetValueOrDefault(name), maintenance.InboxFailedRetention);
        Require(
            at != default && loop.Now - at >= retention - Tolerance,
            "S8",
            $"the record of '{record.EventId}' for {name} was deleted too early");
        Count(fate.Successes.ContainsKey(name) ? "processed forgotten" : "failed forgotten");
    }

    /// <summary>An app's call has ended with an answer; null: the app has died.</summary>
    internal void Told(Written written, Told? told)
    {
        var eventId = written.Event.EventId;
        var isThere = Fates.ContainsKey(eventId);
        Count($"told {told?.ToString() ?? "nothing"}");
        switch (told)
        {
            case Model.Told.Written:
                Require(isThere, "told", $"the app was told that '{eventId}' is written, and it is not");
                break;
            case Model.Told.WrittenBefore:
                Require(isThere && _open.Contains(eventId), "told", $"the app was told of an earlier call that has written '{eventId}'");
                break;
            case Model.Told.Failed:
                Require(!isThere || _open.Contains(eventId), "told", $"the app was told that '{eventId}' is not written, and it is");
                break;
            default:
                _open.Add(eventId);
                break;
        }
    }

    /// <summary>An app's operation has swallowed an error that ends its transaction, and would do so again.</summary>
    internal void Swallowed(string process)
    {
        // A lost answer behind it lets it be run once more.
        var times = _swallowed[process] = _swallowed.GetValueOrDefault(process) + 1;
        Require(times < 8, "end", $"the operation of {process} is run again and again");
    }

    /// <summary>A handler begins.</summary>
    internal void Handling(string consumer, string payload, MessageContext context)
    {
        var written = Of(context.EventId).Written.Event;
        RequireSame(
            written,
            written with { Payload = payload, Subject = context.Subject, Headers = context.Headers },
            "at its handler");
        Require(ConsumersOf(context.Subject).Contains(consumer), "S9", $"'{context.EventId}' came to {consumer}");
    }

    /// <summary>A message is taken off the broker for good.</summary>
    internal void TakenOff(string messageId, OutboxEvent? e, bool isDead)
    {
        if (isDead)
        {
            return;
        }

        Require(e is not null, "S9", $"message {messageId}, which nobody can read, is gone");
        var fate = Of(e!.EventId);
        Require(e.SaysTheSameAs(fate.Written.Event), "S4", $"message {messageId}, another event under the id '{e.EventId}', is gone");
        var missing = ConsumersOf(fate.Written.Event.Subject).FirstOrDefault(
            consumer => !fate.Successes.ContainsKey(NameOf(consumer, e.ReplayId)));
        Require(missing is null, "S4", $"message {messageId} of '{e.EventId}' is gone, and {missing} has not handled it");
    }

    /// <summary>A message is kept as dead, for a reason.</summary>
    internal void Died(Fate? fate, string? code, int receives, int deliveries)
    {
        var justified = code switch
        {
            null => receives > 0,
            ErrorCodes.AttemptsExhausted => fate is not null && (deliveries >= maxAttempts || fate.WasExhausted),
            ErrorCodes.AttemptsUnfinished => fate is not null,
            ErrorCodes.EventIdConflict => fate is not null && fate.Successes.Count > 0,
            ErrorCodes.MessageTooOld => fate is not null
                && loop.Now - fate.PublishedAt > maintenance.ProcessedRetention - TimeSpan.FromMinutes(40) - Tolerance,
            ErrorCodes.MessageUnreadable or ErrorCodes.MessageFormatUnknown => fate is null,
            _ => false,
        };
        Count($"dead {code ?? "by redrive"}");
        Require(justified, "S9", $"a message of '{fate?.Written.Event.EventId ?? "nobody"}' is dead without a reason: {code}");
    }

    internal static void Require(bool holds, string invariant, string what)
    {
        if (!holds)
        {
            throw new InvariantException(invariant, what);
        }
    }

    internal void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;

    private void CheckParked(TableRow row, Fate fate)
    {
        var justified = row.ErrorCode switch
        {
            ErrorCodes.SubjectInvalid => fate.Written.IsBad,
            ErrorCodes.PublishRejected or ErrorCodes.MessageTooLarge => fate.IsRejected,
            ErrorCodes.PublishUnknown => row.Attempts >= relay.MaxAttempts && fate.Refusals >= relay.MaxAttempts,
            ErrorCodes.ClaimsUnfinished => fate.Unfinished > OutboxClaim.MaxUnfinished,
            _ => false,
        };
        Require(justified, "S9", $"'{row.EventId}' was parked without a reason: {row.ErrorCode} after {row.Attempts} attempts");
    }

    private bool IsOver(DateTimeOffset lease) => lease <= (options.IsMongo ? storeNow() : loop.Now + Tolerance);

    private Fate Touch(TableRow row)
    {
        var fate = Of(row.EventId);
        Require(!fate.Written.IsForeign, "S9", $"'{row.EventId}' of unknown status was touched");
        return fate;
    }

    private static void RequireSame(OutboxEvent written, OutboxEvent read, string where)
    {
        Require(
            read.SaysTheSameAs(written) && read.Headers.Count == written.Headers.Count
                && read.Headers.All(header => written.Headers.TryGetValue(header.Key, out var value) && value == header.Value),
            "S10",
            $"'{written.EventId}' is not {where} what was written");
    }
}
