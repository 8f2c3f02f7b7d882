using System.Buffers;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;
using Amazon.SQS.Model;
using Amazon.Util;

namespace Amazon.SQS.Internal;

/// <summary>A request of any operation as AWS JSON 1.0.</summary>
internal sealed class SqsRequestMarshaller : IMarshaller<IRequest, AmazonWebServiceRequest>
{
    public static readonly SqsRequestMarshaller Instance = new();

    public IRequest Marshall(AmazonWebServiceRequest input)
    {
        var sqsRequest = (AmazonSQSRequest)input;
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            sqsRequest.Write(writer);
            writer.WriteEndObject();
        }

        var request = new DefaultRequest(input, "Amazon.SQS")
        {
            HttpMethod = "POST",
            ResourcePath = "/",
            Content = buffer.WrittenSpan.ToArray(),
        };
        request.Headers[HeaderKeys.ContentTypeHeader] = "application/x-amz-json-1.0";
        request.Headers["X-Amz-Target"] = "AmazonSQS." + sqsRequest.Operation;
        request.Headers[HeaderKeys.XAmzApiVersion] = "2012-11-05";
        return request;
    }
}
