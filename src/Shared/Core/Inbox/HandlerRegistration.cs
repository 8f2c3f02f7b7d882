using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>A handler and what it is for.</summary>
internal sealed record HandlerRegistration(
    SubjectPattern Pattern, string Consumer, Func<OutboxEvent, MessageContext, CancellationToken, Task> InvokeAsync);
