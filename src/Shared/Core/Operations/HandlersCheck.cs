using System.Globalization;
using Relaybox.Inbox;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Whether each subject that is seen in the outbox has a handler. It looks at a bounded number of rows.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
/// <param name="handlers">Gives the handlers that this build has; null: this process does not know them.</param>
/// <param name="consumes">Whether the system has a consumer of its own; null: nobody knows.</param>
internal sealed class HandlersCheck(IOutboxRepository outbox, IOutboxOperations rows, Func<HandlerRegistry>? handlers, bool? consumes)
    : IDoctorCheck
{
    private const int Sample = 200;
    private const int MostNamed = 10;

    /// <inheritdoc />
    public string Name => "handlers";

    /// <inheritdoc />
    public string Passed => consumes == false
        ? "The stack has no consumer, which needs no handler here."
        : "Each subject that is seen has a handler.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        if (handlers is null)
        {
            return
            [
                Finding.Unknown(
                    Name, "The command line does not know the handlers, which are in the functions' build.",
                    "Ask the stack: relaybox doctor --stack NAME"),
            ];
        }

        if (consumes == false)
        {
            return [];
        }

        var registry = handlers();
        if (registry.IsEmpty)
        {
            return
            [
                Finding.Problem(
                    "handlers.none", "No handler is registered: messages wait in the queue until they are too old.",
                    "Register the handlers in src/Functions/Handlers/HandlerSetup.cs and deploy again. Without a consumer: DeployConsumer=false."),
            ];
        }

        var parked = (await rows.ReadAsync(OutboxStatus.Failed, null, null, Sample, cancellationToken)).Rows;
        var pending = await outbox.FindPendingAsync(Sample, cancellationToken);
        return
        [
            .. parked.Concat(pending).GroupBy(row => row.Event.Subject, StringComparer.Ordinal)
                .Where(subject => registry.Find(subject.Key).Count == 0)
                .OrderByDescending(subject => subject.Count()).Take(MostNamed)
                .Select(subject => Finding.Problem(
                    "handlers.missing",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"No handler is registered for the subject '{subject.Key}', which {subject.Count()} of the rows have that were looked at: ")
                    + "its messages become dead letters (message.subject-unhandled).",
                    $"Register one for '{subject.Key}' in src/Functions/Handlers/HandlerSetup.cs and deploy again, or let the app write another "
                    + "subject. Then: relaybox dead-letters redrive error:message.subject-unhandled")),
        ];
    }
}
