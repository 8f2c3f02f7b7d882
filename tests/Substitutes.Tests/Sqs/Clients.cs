using Amazon.Runtime;
using Amazon.SQS;
using Relaybox.Testing.Http;

namespace Relaybox.Substitutes.Tests.Sqs;

/// <summary>Clients of a scripted server, and the queue that its requests name.</summary>
internal static class Clients
{
    public const string AccessKey = "AKIDEXAMPLE";
    public const string SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    public const string Region = "eu-west-3";
    public const string QueueUrl = "https://sqs.eu-west-3.amazonaws.com/123456789012/orders";

    public static AWSCredentials Credentials => new BasicAWSCredentials(AccessKey, SecretKey);

    public static AmazonSQSClient For(ScriptedServer server, int? retries = null)
    {
        var config = new AmazonSQSConfig { ServiceURL = server.Url, AuthenticationRegion = Region };
        if (retries is { } count)
        {
            config.MaxErrorRetry = count;
        }

        return new AmazonSQSClient(Credentials, config);
    }
}
