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

    private World World => world;

    private SimProcess Process => process;

    public Task<long> CountAsync(CancellationToken cancellationToken) =>
        CallAsync("dead.count", () => (long)world.Stream.Dead.Count, cancellationToken);

    public Task<IDeadLetterLook> LookAsync(string? cursor, CancellationToken cancellationToken) => CallAsync(
        "dead.look",
        () => (IDeadLetterLook)new Look(this, cursor is null ? 1 : long.Parse(cursor, CultureInfo.InvariantCulture)),
        cancellationToken);

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

        private World World => letters.World;

        public async Task<IReadOnlyList<DeadLetter>> NextAsync(int limit, CancellationToken cancellationToken)
        {
            var shown = await letters.CallAsync(
                "dead.read",
                () => World.Stream.Dead.Where(message => message.Sequence >= _next).Take(limit).ToList(),
                cancellationToken);
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
            switch (await letters.CallAsync($"dead.send-back {letter.EventId}", () => SendBack(message), cancellationToken))
            {
                case null:
                    return new DeadLetterOutcome("refused");
                case false when !deletesDuplicate:
                    return DeadLetterOutcome.Duplicate;
                default:
                    await letters.CallAsync($"dead.delete {letter.Id}", () => World.DeleteDeadLetter(message.Sequence), cancellationToken);
                    return DeadLetterOutcome.Redriven;
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        /// <returns>Whether the stream has stored it, or knows it already; null: it refuses it.</returns>
        private bool? SendBack(DeadMessage message)
        {
            if (World.Strikes(letters.Process, "stream refuses a dead letter", 0.3))
            {
                return null;
            }

            World.Checker.Count("dead letters sent back");
            return World.Stream.Publish($"redrive:{message.Sequence}:{message.DeadAt.UtcTicks}", message.Event, World.Loop.Now);
        }
    }
}
