using System.Collections.Frozen;
using System.Net;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;
using Amazon.Runtime.Internal.Util;
using Amazon.SQS.Model;
using Amazon.Util;

namespace Amazon.SQS.Internal;

/// <summary>
/// Error answers as exceptions. The type in the body picks the exception; the error code is that of the older query
/// protocol where the answer has one, since that is the code that callers have always compared with.
/// </summary>
internal static class SqsErrors
{
    private delegate AmazonSQSException Factory(
        string message, Exception inner, ErrorType type, string code, string requestId, HttpStatusCode status);

    private static readonly FrozenDictionary<string, Factory> Factories = new Dictionary<string, Factory>
    {
        ["BatchEntryIdsNotDistinct"] = static (message, inner, type, code, id, status) =>
            new BatchEntryIdsNotDistinctException(message, inner, type, code, id, status),
        ["BatchRequestTooLong"] = static (message, inner, type, code, id, status) =>
            new BatchRequestTooLongException(message, inner, type, code, id, status),
        ["EmptyBatchRequest"] = static (message, inner, type, code, id, status) =>
            new EmptyBatchRequestException(message, inner, type, code, id, status),
        ["InvalidAddress"] = static (message, inner, type, code, id, status) =>
            new InvalidAddressException(message, inner, type, code, id, status),
        ["InvalidAttributeName"] = static (message, inner, type, code, id, status) =>
            new InvalidAttributeNameException(message, inner, type, code, id, status),
        ["InvalidAttributeValue"] = static (message, inner, type, code, id, status) =>
            new InvalidAttributeValueException(message, inner, type, code, id, status),
        ["InvalidBatchEntryId"] = static (message, inner, type, code, id, status) =>
            new InvalidBatchEntryIdException(message, inner, type, code, id, status),
        ["InvalidMessageContents"] = static (message, inner, type, code, id, status) =>
            new InvalidMessageContentsException(message, inner, type, code, id, status),
        ["InvalidSecurity"] = static (message, inner, type, code, id, status) =>
            new InvalidSecurityException(message, inner, type, code, id, status),
        ["KmsAccessDenied"] = static (message, inner, type, code, id, status) =>
            new KmsAccessDeniedException(message, inner, type, code, id, status),
        ["KmsDisabled"] = static (message, inner, type, code, id, status) =>
            new KmsDisabledException(message, inner, type, code, id, status),
        ["KmsInvalidKeyUsage"] = static (message, inner, type, code, id, status) =>
            new KmsInvalidKeyUsageException(message, inner, type, code, id, status),
        ["KmsInvalidState"] = static (message, inner, type, code, id, status) =>
            new KmsInvalidStateException(message, inner, type, code, id, status),
        ["KmsNotFound"] = static (message, inner, type, code, id, status) =>
            new KmsNotFoundException(message, inner, type, code, id, status),
        ["KmsOptInRequired"] = static (message, inner, type, code, id, status) =>
            new KmsOptInRequiredException(message, inner, type, code, id, status),
        ["KmsThrottled"] = static (message, inner, type, code, id, status) =>
            new KmsThrottledException(message, inner, type, code, id, status),
        ["MessageNotInflight"] = static (message, inner, type, code, id, status) =>
            new MessageNotInflightException(message, inner, type, code, id, status),
        ["OverLimit"] = static (message, inner, type, code, id, status) =>
            new OverLimitException(message, inner, type, code, id, status),
        ["PurgeQueueInProgress"] = static (message, inner, type, code, id, status) =>
            new PurgeQueueInProgressException(message, inner, type, code, id, status),
        ["QueueDeletedRecently"] = static (message, inner, type, code, id, status) =>
            new QueueDeletedRecentlyException(message, inner, type, code, id, status),
        ["QueueDoesNotExist"] = static (message, inner, type, code, id, status) =>
            new QueueDoesNotExistException(message, inner, type, code, id, status),
        ["QueueNameExists"] = static (message, inner, type, code, id, status) =>
            new QueueNameExistsException(message, inner, type, code, id, status),
        ["ReceiptHandleIsInvalid"] = static (message, inner, type, code, id, status) =>
            new ReceiptHandleIsInvalidException(message, inner, type, code, id, status),
        ["RequestThrottled"] = static (message, inner, type, code, id, status) =>
            new RequestThrottledException(message, inner, type, code, id, status),
        ["TooManyEntriesInBatchRequest"] = static (message, inner, type, code, id, status) =>
            new TooManyEntriesInBatchRequestException(message, inner, type, code, id, status),
        ["UnsupportedOperation"] = static (message, inner, type, code, id, status) =>
            new UnsupportedOperationException(message, inner, type, code, id, status),
    }.ToFrozenDictionary();

    public static AmazonSQSException Read(JsonUnmarshallerContext context, Exception inner, HttpStatusCode status)
    {
        var reader = new StreamingUtf8JsonReader(context.Stream);
        var error = JsonErrorResponseUnmarshaller.GetInstance().Unmarshall(context, ref reader);
        var (code, type) = QueryError(context.ResponseData) ?? (error.Code, error.Type);
        return error.Code is not null && Factories.TryGetValue(error.Code, out var create)
            ? create(error.Message, inner, type, code, error.RequestId, status)
            : new AmazonSQSException(error.Message, inner, type, code, error.RequestId, status);
    }

    // The header is "code;fault", for example "AWS.SimpleQueueService.NonExistentQueue;Sender".
    private static (string Code, ErrorType Type)? QueryError(IWebResponseData response)
    {
        if (!response.IsHeaderPresent(HeaderKeys.XAmzQueryError)
            || response.GetHeaderValue(HeaderKeys.XAmzQueryError).Split(';') is not [var code, var fault])
        {
            return null;
        }

        return (code, Enum.TryParse<ErrorType>(fault, out var type) ? type : ErrorType.Unknown);
    }
}
