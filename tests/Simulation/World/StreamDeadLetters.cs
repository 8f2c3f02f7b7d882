using System.Globalization;
using Relaybox.Operations;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

/// <summary>
/// The stream of dead letters as an operator's process reaches it: everybody sees all of it, in the order of its sequence, and what is sent back
/// has an id that is the same however often it is sent.
/// </summary>
internal sealed class StreamDeadLetters(World world, SimProcess process) : IDeadLetters
{
    public bool KeepsPlaces => true;

    public Task<long> CountAsync(CancellationToken cancellationToken) =>
        CallAsync("dead.count", () => (long)world.Stream.Dead.Count, cancellationToken);

    public Task<IDeadLetterLook> LookAsync(string? cursor, CancellationToken cancellationToken) => CallAsync(
        "dead.look",
        () => (IDeadLetterLook)new Look(this, cursor is null ? 1 : long.Parse(cursor, CultureInfo.InvariantCulture)),
        cancellationToken);

    private Task<List<DeadMessage>> ReadAsync(long first, int limit, CancellationToken cancellationToken) => CallAsync(
        "dead.read",
        () => world.Stream.Dead.Where(message => message.Sequence >= first).Take(limit).ToList(),
        cancellationToken);

    /// <returns>Whether the stream has stored it, or knows it already; null: it refuses it.</returns>
    private Task<bool?> SendBackAsync(DeadMessage message, CancellationToken cancellationToken) => CallAsync<bool?>(
        $"dead.send-back {message.Event.EventId}",
        () =>
        {
            if (world.Strikes(process, "stream refuses a dead letter", 0.3))
            {
                return null;
            }

            world.Checker.Count("dead letters sent back");
            return world.Stream.Publish($"redrive:{message.Sequence}:{message.DeadAt.UtcTicks}", message.Event, world.Loop.Now);
        },
        cancellationToken);

    private Task<bool> DeleteAsync(DeadMessage message, CancellationToken cancellationToken) =>
        CallAsync($"dead.delete {message.Sequence}", () => world.DeleteDeadLetter(message.Sequence), cancellationToken);

    private async Task<T> CallAsync<T>(string what, Func<T> apply, CancellationToken cancellationToken)
    {
        try
        {
            return await world.Wire.CallAsync(process, what, apply, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new DeadLettersFailedException("no answer", e);
        }
    }

    private sealed class Look(StreamDeadLetters letters, long first) : IDeadLetterLook
    {
        private Dictionary<string, DeadMessage> _page = [];
        private long _next = first;

        public string? Cursor => _next.ToString(CultureInfo.InvariantCulture);

        public bool IsWhole { get; private set; }

        public async Task<IReadOnlyList<DeadLetter>> NextAsync(int limit, CancellationToken cancellationToken)
        {
            var shown = await letters.ReadAsync(_next, limit, cancellationToken);
            _page = shown.ToDictionary(message => $"{message.Sequence}", StringComparer.Ordinal);
            IsWhole = shown.Count == 0;
            _next = IsWhole ? _next : shown[^1].Sequence + 1;
            return shown.ConvertAll(message => new DeadLetter($"{message.Sequence}")
            {
                Event = message.Event,
                EventId = message.Event.EventId,
                Subject = message.Event.Subject,
                ErrorCode = message.ErrorCode,
                DeadAt = message.DeadAt,
                Bytes = message.Event.Payload.Length,
            });
        }

        public Task<long> CountInOtherHandsAsync(CancellationToken cancellationToken) => Task.FromResult(0L);

        public async Task<DeadLetterOutcome> RedriveAsync(DeadLetter letter, bool deletesDuplicate, CancellationToken cancellationToken)
        {
            var message = _page[letter.Id];
            switch (await letters.SendBackAsync(message, cancellationToken))
            {
                case null:
                    return new DeadLetterOutcome("refused");
                case false when !deletesDuplicate:
                    return DeadLetterOutcome.Duplicate;
                default:
                    await letters.DeleteAsync(message, cancellationToken);
                    return DeadLetterOutcome.Redriven;
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
