using System.Buffers;
using System.Text;
using Relaybox.Messaging.Formats;

namespace Relaybox.Events;

/// <summary>The rules of the row contract, version 1, for everything that an app writes.</summary>
public static class RowContract
{
    /// <summary>The version of the contract.</summary>
    public const int Version = 1;

    /// <summary>The longest event id, in characters.</summary>
    public const int MaxEventIdLength = 255;

    /// <summary>The longest subject, in characters.</summary>
    public const int MaxSubjectLength = 255;

    /// <summary>The longest ordering key, in characters.</summary>
    public const int MaxOrderingKeyLength = 255;

    /// <summary>The most headers of one event.</summary>
    public const int MaxHeaders = 64;

    /// <summary>The most bytes that the names and values of all headers may have together, as UTF-8.</summary>
    public const int MaxHeaderBytes = 8 * 1024;

    private static readonly SearchValues<char> SubjectCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    private static readonly SearchValues<char> HeaderNameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    /// <summary>Checks an event against the contract.</summary>
    /// <param name="outboxEvent">The event.</param>
    /// <returns>The first violation, or null.</returns>
    public static RowViolation? Check(OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        return CheckEventId(outboxEvent.EventId)
            ?? CheckSubject(outboxEvent.Subject)
            ?? CheckPayload(outboxEvent.Payload)
            ?? CheckHeaders(outboxEvent.Headers)
            ?? CheckOrderingKey(outboxEvent.OrderingKey)
            ?? CheckResult(outboxEvent.Result);
    }

    /// <summary>Checks an event, and throws where it breaks the contract.</summary>
    /// <param name="outboxEvent">The event.</param>
    /// <exception cref="RowContractException">The event breaks the contract.</exception>
    public static void Require(OutboxEvent outboxEvent)
    {
        if (Check(outboxEvent) is { } violation)
        {
            throw new RowContractException(violation);
        }
    }

    /// <summary>Checks an event id.</summary>
    /// <param name="eventId">The id.</param>
    public static RowViolation? CheckEventId(string? eventId) =>
        string.IsNullOrEmpty(eventId) || eventId.Length > MaxEventIdLength || HasControl(eventId) || !IsUnicode(eventId)
            ? new(ErrorCodes.EventIdInvalid, $"The event id must be text of 1 to {MaxEventIdLength} characters, without control characters.")
            : null;

    /// <summary>Checks a subject: tokens without wildcards, so that it can never address more than itself.</summary>
    /// <param name="subject">The subject.</param>
    public static RowViolation? CheckSubject(string? subject) =>
        string.IsNullOrEmpty(subject) || subject.Length > MaxSubjectLength
            || subject.AsSpan().ContainsAnyExcept(SubjectCharacters)
            || subject[0] == '.' || subject[^1] == '.' || subject.Contains("..", StringComparison.Ordinal)
            ? new(
                ErrorCodes.SubjectInvalid,
                $"The subject must be dot-separated tokens of letters, digits, '-' and '_', at most {MaxSubjectLength} characters.")
            : null;

    private static RowViolation? CheckPayload(string? payload) =>
        payload is null || !IsUnicode(payload)
            ? new(ErrorCodes.PayloadInvalid, "The payload must be Unicode text; send binary as base64 with a content-type header.")
            : null;

    private static RowViolation? CheckHeaders(IReadOnlyDictionary<string, string>? headers)
    {
        if (headers is null)
        {
            return new(ErrorCodes.HeadersInvalid, "The headers must be a map of strings.");
        }

        if (headers.Count > MaxHeaders)
        {
            return new(ErrorCodes.HeadersInvalid, $"There may be at most {MaxHeaders} headers; there are {headers.Count}.");
        }

        var bytes = 0;
        foreach (var (name, value) in headers)
        {
            if (string.IsNullOrEmpty(name) || name.AsSpan().ContainsAnyExcept(HeaderNameCharacters))
            {
                return new(ErrorCodes.HeadersInvalid, "A header's name must be a token: letters, digits and !#$%&'*+-.^_`|~.");
            }

            if (name.StartsWith("Nats-", StringComparison.OrdinalIgnoreCase))
            {
                return new(ErrorCodes.HeadersInvalid, "Header names that begin with 'Nats-' belong to the broker.");
            }

            if (value is null || HasControl(value) || !IsUnicode(value))
            {
                return new(ErrorCodes.HeadersInvalid, "A header's value must be Unicode text without control characters.");
            }

            bytes += name.Length + Encoding.UTF8.GetByteCount(value);
        }

        return bytes > MaxHeaderBytes
            ? new(ErrorCodes.HeadersInvalid, $"All headers together may have at most {MaxHeaderBytes} bytes; they have {bytes}.")
            : null;
    }

    private static RowViolation? CheckOrderingKey(string? key) =>
        key is not null && (key.Length is 0 or > MaxOrderingKeyLength || HasControl(key) || !IsUnicode(key))
            ? new(
                ErrorCodes.OrderingKeyInvalid,
                $"The ordering key must be text of 1 to {MaxOrderingKeyLength} characters, without control characters.")
            : null;

    private static RowViolation? CheckResult(string? result) =>
        result is not null && (!IsUnicode(result) || !JsonText.IsJson(Encoding.UTF8.GetBytes(result), EnvelopeFormat.MaxPayloadDepth))
            ? new(
                ErrorCodes.FieldInvalid, $"The result must be one JSON value, at most {EnvelopeFormat.MaxPayloadDepth} deep, with nothing around it.")
            : null;

    private static bool HasControl(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUnicode(string text)
    {
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var i = rest.IndexOfAnyInRange('\uD800', '\uDFFF');
            if (i < 0)
            {
                return true;
            }

            if (Rune.DecodeFromUtf16(rest[i..], out _, out var consumed) != OperationStatus.Done)
            {
                return false;
            }

            rest = rest[(i + consumed)..];
        }

        return true;
    }
}
