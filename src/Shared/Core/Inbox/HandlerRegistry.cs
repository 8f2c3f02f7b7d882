using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Inbox;

/// <summary>
/// Which handler a subject goes to. Of several patterns of one consumer the narrowest wins; several consumers each get
/// the message, with an inbox record of their own.
/// </summary>
/// <param name="defaultConsumer">The consumer of handlers that name none.</param>
public sealed class HandlerRegistry(string defaultConsumer)
{
    private readonly List<HandlerRegistration> _registrations = [];

    /// <summary>Whether no handler is registered.</summary>
    public bool IsEmpty => _registrations.Count == 0;

    /// <summary>Registers a handler whose payload is JSON.</summary>
    /// <typeparam name="T">What the payload is read as.</typeparam>
    /// <param name="pattern">The subjects; see <see cref="SubjectPattern"/>.</param>
    /// <param name="handler">The handler; used by several messages at once.</param>
    /// <param name="typeInfo">How the payload is read, from a source-generated context.</param>
    /// <param name="consumer">The consumer; null for the default one.</param>
    /// <exception cref="FormatException">The text is not a subject pattern.</exception>
    /// <exception cref="InvalidOperationException">The consumer has a handler for this very pattern.</exception>
    public HandlerRegistry Add<T>(
        string pattern, IMessageHandler<T> handler, JsonTypeInfo<T> typeInfo, string? consumer = null) =>
        Add(pattern, consumer, (message, context, cancellationToken) =>
            handler.HandleAsync(ReadPayload(message.Payload, typeInfo), context, cancellationToken));

    /// <summary>Registers a handler that gets the payload as it is.</summary>
    /// <param name="pattern">The subjects; see <see cref="SubjectPattern"/>.</param>
    /// <param name="handler">The handler; used by several messages at once.</param>
    /// <param name="consumer">The consumer; null for the default one.</param>
    /// <exception cref="FormatException">The text is not a subject pattern.</exception>
    /// <exception cref="InvalidOperationException">The consumer has a handler for this very pattern.</exception>
    public HandlerRegistry AddRaw(string pattern, IMessageHandler<string> handler, string? consumer = null) =>
        Add(pattern, consumer, (message, context, cancellationToken) =>
            handler.HandleAsync(message.Payload, context, cancellationToken));

    /// <summary>The narrowest handler of each consumer for a subject.</summary>
    internal IReadOnlyList<HandlerRegistration> Find(string subject)
    {
        var found = new List<HandlerRegistration>(1);
        foreach (var registration in _registrations)
        {
            if (!registration.Pattern.Matches(subject))
            {
                continue;
            }

            var i = found.FindIndex(other => other.Consumer == registration.Consumer);
            if (i < 0)
            {
                found.Add(registration);
            }
            else if (registration.Pattern.CompareSpecificity(found[i].Pattern) > 0)
            {
                found[i] = registration;
            }
        }

        return found;
    }

    private HandlerRegistry Add(
        string pattern, string? consumer, Func<OutboxEvent, MessageContext, CancellationToken, Task> invoke)
    {
        var registration = new HandlerRegistration(SubjectPattern.Parse(pattern), consumer ?? defaultConsumer, invoke);
        if (_registrations.Exists(other => other.Consumer == registration.Consumer && other.Pattern.Text == pattern))
        {
            throw new InvalidOperationException(
                $"The consumer '{registration.Consumer}' already has a handler for '{pattern}'. Give one of the two another pattern or consumer.");
        }

        _registrations.Add(registration);
        return this;
    }

    private static T ReadPayload<T>(string payload, JsonTypeInfo<T> typeInfo)
    {
        try
        {
            // From a text, the serializer would make room for three bytes a character.
            using var utf8 = PooledBuffer.Of(payload);
            return JsonSerializer.Deserialize(utf8.Written.Span, typeInfo)
                ?? throw new MessageFormatException(ErrorCodes.PayloadUnreadable, "The payload is null.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // The serializer's own text can hold content.
            throw new MessageFormatException(
                ErrorCodes.PayloadUnreadable, $"The payload cannot be read as {typeof(T).Name}{JsonPlace.Of(e as JsonException, typeInfo)}.");
        }
    }
}
