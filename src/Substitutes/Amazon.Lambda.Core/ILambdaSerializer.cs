namespace Amazon.Lambda.Core;

/// <summary>Turns event payloads into objects, and responses into payloads.</summary>
public interface ILambdaSerializer
{
    T Deserialize<T>(Stream requestStream);

    void Serialize<T>(T response, Stream responseStream);
}
