using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>Whether what feeds the functions is on, unless an operator has paused it.</summary>
/// <param name="sources">The event sources.</param>
/// <param name="pauses">What is paused; null: nobody can say.</param>
internal sealed class EventSourcesCheck(EventSources sources, IReadOnlyList<Pause>? pauses) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => "event-sources";

    /// <inheritdoc />
    public string Passed => "What feeds the functions from streams and queues is on, or paused.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = new List<Finding>();
            foreach (var part in Enum.GetValues<PausablePart>())
            {
                var isPaused = pauses?.Any(pause => pause.Part == part);
                found.AddRange(
                    (await sources.ListAsync(part, cancellationToken))
                        .Where(source => (isPaused ?? false) == EventSources.IsOn(source.State))
                        .Select(source => isPaused is null ? OffOrPaused(part) : isPaused.Value ? OnAlthoughPaused(part) : Off(part, source.Id)));
            }

            return found;
        }
        catch (CliException exception)
        {
            return [Finding.Unknown(Name, exception.Message)];
        }
    }

    private Finding Off(PausablePart part, Guid id) => Finding.Problem(
        $"{Name}.off",
        $"The event source {id} of {sources.FunctionOf(part)} is off, and nobody has paused the {Views.Name(part)}: it receives nothing.",
        $"To switch it on: relaybox resume {Views.Name(part)} --stack {sources.Stack}");

    private Finding OffOrPaused(PausablePart part) => Finding.Unknown(
        Name,
        $"The event source of {sources.FunctionOf(part)} is off. The store does not say whether somebody has paused the {Views.Name(part)}.");

    private Finding OnAlthoughPaused(PausablePart part) => Finding.Warning(
        $"{Name}.on",
        $"The event source of {sources.FunctionOf(part)} is on, although the {Views.Name(part)} is paused: a deployment, or somebody by hand, has "
        + "switched it on.",
        $"To switch it off: relaybox pause {Views.Name(part)} --stack {sources.Stack} --reason WHY");
}
